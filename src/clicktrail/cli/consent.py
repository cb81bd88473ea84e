"""clicktrail consent: keep what recipients said to being tracked."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from clicktrail import keyring_file
from clicktrail.cli.options import Config, Json
from clicktrail.model.consent import Consent
from clicktrail.server import settings
from clicktrail.server.system import SystemClock

__all__ = ["app"]

Recipient = Annotated[
    str,
    typer.Argument(help="An address, or the id that X-Clicktrail-Recipient gives to the relay.", metavar="RECIPIENT"),
]

app = typer.Typer(no_args_is_help=True, help="Keep what recipients said to being tracked, for the relay to look up.")


@app.callback()
def consent() -> None:
    """Keep what recipients said to being tracked, for the relay to look up."""


@app.command(name="set")
def set_consent(
    recipient: Recipient,
    new_consent: Annotated[Consent, typer.Argument(help="granted, denied or unknown.", metavar="CONSENT")],
    config: Config = None,
) -> None:
    """Keep what a recipient said last; messages from now on go by it, and clicks on those sent before."""
    asyncio.run(_store_consent(_load_settings(config), recipient, new_consent))


@app.command()
def show(recipient: Recipient, config: Config = None, json_: Json = False) -> None:
    """Show what a recipient said last; unknown if nothing."""
    found = asyncio.run(_find_consent(_load_settings(config), recipient)) or Consent.UNKNOWN
    print(json.dumps({"recipient": recipient, "consent": found}) if json_ else found)


def _load_settings(config: Path | None) -> settings.Settings:
    loaded = settings.load(config, settings.get_environment())
    if not loaded.registry.url:
        # A registry beside no key ring would look as if the ring had been lost. Beside PostgreSQL nothing is left here,
        # and whoever takes consents elsewhere needs no keys that open every link.
        keyring_file.load(loaded.keyring_path)
    return loaded


# The registry's packages are slow to import, and no other command should wait for them.


async def _store_consent(loaded: settings.Settings, recipient: str, new_consent: Consent) -> None:
    from clicktrail.server.wiring.overrides import copy_overrides
    from clicktrail.server.wiring.stores import open_registry

    async with open_registry(loaded) as registry:
        await registry.consents.set(recipient, new_consent, at=SystemClock().now())
        if (loaded.keyring_path).exists():  # else no edge runs here, and those elsewhere look for themselves
            await copy_overrides(loaded, registry)


async def _find_consent(loaded: settings.Settings, recipient: str) -> Consent | None:
    from clicktrail.server.wiring.stores import open_registry

    async with open_registry(loaded) as registry:
        return await registry.consents.find(recipient)
