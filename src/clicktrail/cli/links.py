"""clicktrail links: correct, disable or end links after they were sent."""

import asyncio
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from msgspec import to_builtins

from clicktrail import keyring_file
from clicktrail.cli.options import Config, Json
from clicktrail.model.edit import EditAction, EditTarget, LinkEdit
from clicktrail.server import settings
from clicktrail.server.system import RandomIds, SystemClock

__all__ = ["app"]

_CAMPAIGN_POSITION = re.compile(r"(?P<campaign>.*)#(?P<position>[0-9]{1,4})", re.DOTALL)
_HOST = re.compile(r"[^\s/#?@:]+\.[^\s/#?@:]+|localhost")
_WEB_SCHEMES = ("http://", "https://")


def _parse_target(text: str) -> EditTarget:
    if text.lower().startswith(_WEB_SCHEMES):
        return EditTarget(url=text)
    if found := _CAMPAIGN_POSITION.fullmatch(text):
        return EditTarget(campaign=found["campaign"], position=int(found["position"]))
    if _HOST.fullmatch(text):
        return EditTarget(host=text.lower())
    raise typer.BadParameter(f"'{text}' is neither CAMPAIGN#POSITION nor a web URL nor a host")


def _parse_web_url(text: str) -> str:
    if text.lower().startswith(_WEB_SCHEMES):
        return text
    raise typer.BadParameter(f"'{text}' is no web URL, such as https://www.example.com/page")


TargetArgument = Annotated[
    EditTarget,
    typer.Argument(
        parser=_parse_target,
        help="CAMPAIGN#POSITION for one link of a campaign, counted from 0; a URL for all links that lead exactly "
        "there; or a host for all that lead to it.",
        metavar="LINK",
    ),
]
DestinationArgument = Annotated[
    str, typer.Argument(parser=_parse_web_url, help="Where they lead from now on, an http or https URL.", metavar="URL")
]
ExpiryArgument = Annotated[
    datetime, typer.Argument(help="Such as 2026-12-24 or 2026-12-24T18:00:00; UTC.", metavar="TIME")
]

app = typer.Typer(no_args_is_help=True, help="Correct, disable or end links after they were sent.")


@app.callback()
def links() -> None:
    """Correct, disable or end links after they were sent."""


@app.command()
def redirect(target: TargetArgument, destination: DestinationArgument, config: Config = None) -> None:
    """Have links lead elsewhere."""
    _save_edit(config, target, EditAction.REDIRECT, destination=destination)


@app.command()
def disable(target: TargetArgument, config: Config = None) -> None:
    """Have links lead to a page that says that they have ended."""
    _save_edit(config, target, EditAction.DISABLE)


@app.command()
def expire(target: TargetArgument, expires_at: ExpiryArgument, config: Config = None) -> None:
    """Have links end at a time."""
    _save_edit(config, target, EditAction.EXPIRE, expires_at=expires_at.replace(tzinfo=UTC))


@app.command()
def restore(target: TargetArgument, config: Config = None) -> None:
    """Have links be as they were sent."""
    _save_edit(config, target, EditAction.RESTORE)


@app.command(name="list")
def list_(config: Config = None, json_: Json = False) -> None:
    """List all changes in the order of time; of several to one link the last stands."""
    edits = asyncio.run(_list_edits(_load_settings(config)))
    if json_:
        print(json.dumps(to_builtins(edits)))
        return
    for edit in edits:
        until = f"{edit.expires_at:%Y-%m-%dT%H:%M:%SZ}" if edit.expires_at else ""
        told = (
            f"{edit.at:%Y-%m-%dT%H:%M:%SZ}",
            edit.action.value,
            _format_target(edit.target),
            edit.destination,
            until,
        )
        print(" ".join(filter(None, told)))


def _format_target(target: EditTarget) -> str:
    return target.url or target.host or f"{target.campaign}#{target.position}"


def _load_settings(config: Path | None) -> settings.Settings:
    loaded = settings.load(config, settings.get_environment())
    keyring_file.load(loaded.keyring_path)  # beside no key ring anything would look as if the ring had been lost
    return loaded


def _save_edit(
    config: Path | None,
    target: EditTarget,
    action: EditAction,
    *,
    destination: str = "",
    expires_at: datetime | None = None,
) -> None:
    edit = LinkEdit(
        id=RandomIds().new(),
        at=SystemClock().now(),
        target=target,
        action=action,
        destination=destination,
        expires_at=expires_at,
    )
    asyncio.run(_store_edit(_load_settings(config), edit))
    # A token holds all that a click needs, and so nobody knows here which campaigns and positions there are.
    typer.echo(
        f"clicktrail: {action.value} {_format_target(target)}: running edges go by it, if there are such links",
        err=True,
    )


# The registry's packages are slow to import, and no other command should wait for them.


async def _store_edit(loaded: settings.Settings, edit: LinkEdit) -> None:
    from clicktrail.server.wiring.overrides import copy_overrides
    from clicktrail.server.wiring.stores import open_registry

    async with open_registry(loaded) as registry:
        await registry.link_edits.add(edit)
        await copy_overrides(loaded, registry)


async def _list_edits(loaded: settings.Settings) -> Sequence[LinkEdit]:
    from clicktrail.server.wiring.stores import open_registry

    async with open_registry(loaded) as registry:
        return await registry.link_edits.list_all()
