"""clicktrail links: redirect, disable or expire links after they were sent."""

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clicktrail.cli.edges import wait_for_edges
from clicktrail.cli.options import Config, Json, load_key_ring, load_settings, parse_utc
from clicktrail.cli.terminal import print_json, print_line, print_message
from clicktrail.model.edit import EditAction, EditTarget, LinkEdit
from clicktrail.model.hosts import extract_host, normalize_host

if TYPE_CHECKING:
    from clicktrail.server.settings import Settings

_CAMPAIGN_POSITION = re.compile(r"(?P<campaign>.*)#(?P<position>[0-9]{1,4})", re.DOTALL)
_WEB_SCHEMES = ("http://", "https://")


def _parse_target(text: str) -> EditTarget:
    if text.lower().startswith(_WEB_SCHEMES):
        return EditTarget(url=text)
    if match := _CAMPAIGN_POSITION.fullmatch(text):
        return EditTarget(campaign=match["campaign"], position=int(match["position"]))
    host = normalize_host(text)
    if "." in host or host == "localhost" or host.startswith("["):  # any word could be a host, such as a campaign
        return EditTarget(host=host)
    raise typer.BadParameter(f"{text!r} is neither CAMPAIGN#POSITION nor a web URL nor a host")


def _parse_web_url(text: str) -> str:
    if text.lower().startswith(_WEB_SCHEMES) and extract_host(text):
        return text
    raise typer.BadParameter(f"{text!r} is no web URL, such as https://www.example.com/page")


TargetArgument = Annotated[
    EditTarget,
    typer.Argument(
        parser=_parse_target,
        help="CAMPAIGN#POSITION for one link of a campaign, counted from 0; a URL for all links with exactly this "
        "destination; or a host for all links to it.",
        metavar="LINK",
    ),
]
DestinationArgument = Annotated[
    str, typer.Argument(parser=_parse_web_url, help="New destination, an http or https URL.", metavar="URL")
]
ExpiryArgument = Annotated[
    datetime, typer.Argument(help="Time in UTC, such as 2026-12-24 or 2026-12-24T18:00:00.", metavar="TIME")
]

app = typer.Typer(help="Redirect, disable or expire links after they were sent.")


@app.command()
def redirect(target: TargetArgument, destination: DestinationArgument, config: Config = None) -> None:
    """Change the destination of links."""
    _save_edit(config, target, EditAction.REDIRECT, destination=destination)


@app.command()
def disable(target: TargetArgument, config: Config = None) -> None:
    """Disable links: they show a page that says that the link has ended."""
    _save_edit(config, target, EditAction.DISABLE)


@app.command()
def expire(target: TargetArgument, expires_at: ExpiryArgument, config: Config = None) -> None:
    """Disable links from a given time on."""
    _save_edit(config, target, EditAction.EXPIRE, expires_at=parse_utc(expires_at))


@app.command()
def restore(target: TargetArgument, config: Config = None) -> None:
    """Undo edits: links lead where they did when the mail was sent."""
    _save_edit(config, target, EditAction.RESTORE)


@app.command(name="list")
def list_edits(config: Config = None, json_: Json = False) -> None:
    """List all edits, oldest first. The last edit of a link applies."""
    edits = asyncio.run(_load_edits(_load_settings(config)))
    if json_:
        from msgspec import to_builtins

        print_json(to_builtins(edits))
        return
    for edit in edits:
        expires_at = f"{edit.expires_at:%Y-%m-%dT%H:%M:%SZ}" if edit.expires_at else ""
        fields = (
            f"{edit.at:%Y-%m-%dT%H:%M:%SZ}",
            edit.action.value,
            edit.target.text,
            edit.destination,
            expires_at,
        )
        print_line(" ".join(filter(None, fields)))


def _load_settings(config: Path | None) -> "Settings":
    settings = load_settings(config)
    load_key_ring(settings)  # without a key ring, a new registry would look as if the ring had been lost
    return settings


def _save_edit(
    config: Path | None,
    target: EditTarget,
    action: EditAction,
    *,
    destination: str = "",
    expires_at: datetime | None = None,
) -> None:
    from clicktrail.server.system import RandomIds, SystemClock

    edit = LinkEdit(
        id=RandomIds().new(),
        at=SystemClock().now(),
        target=target,
        action=action,
        destination=destination,
        expires_at=expires_at,
    )
    outcome = asyncio.run(_store_edit(_load_settings(config), edit))
    # Sealed links are stored nowhere, so the command cannot check that the target exists.
    print_message(f"{action.value} {target.text}: {outcome}")


# The registry's packages are slow to import: a command's help must not load them.


async def _store_edit(settings: "Settings", edit: LinkEdit) -> str:
    from clicktrail.server.wiring.overrides import copy_overrides
    from clicktrail.server.wiring.stores import open_registry

    async with open_registry(settings) as registry:
        await registry.link_edits.add(edit)
        await copy_overrides(settings, registry)
    return await wait_for_edges(settings, settings.overrides_path)


async def _load_edits(settings: "Settings") -> Sequence[LinkEdit]:
    from clicktrail.server.wiring.stores import open_registry

    async with open_registry(settings) as registry:
        return await registry.link_edits.list_all()
