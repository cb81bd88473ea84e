"""clicktrail consent: record and show recipients' consent to tracking."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clicktrail.cli.edges import wait_for_edges
from clicktrail.cli.options import Config, Json, load_key_ring, load_settings
from clicktrail.cli.terminal import print_json, print_line, print_message
from clicktrail.model.consent import Consent

if TYPE_CHECKING:
    from clicktrail.server.settings import Settings

Recipient = Annotated[
    str, typer.Argument(help="Email address, or the id in X-Clicktrail-Recipient.", metavar="RECIPIENT")
]

_GRANTED_AGAIN = "this recipient was erased, and is tracked again from now on"
_ERASED = "this recipient was erased and is not tracked: nothing is stored"

app = typer.Typer(help="Record and show recipients' consent to tracking.")


@app.command(name="set")
def set_consent(
    recipient: Recipient,
    new_consent: Annotated[Consent, typer.Argument(help="granted, denied or unknown.", metavar="CONSENT")],
    config: Config = None,
) -> None:
    """Record a recipient's consent. It applies to new messages, and to clicks on messages sent before."""
    print_message(
        f"consent {new_consent}: {asyncio.run(_store_consent(_load_settings(config), recipient, new_consent))}"
    )


@app.command()
def show(recipient: Recipient, config: Config = None, json_: Json = False) -> None:
    """Show a recipient's consent; unknown if none is recorded."""
    consent = asyncio.run(_find_consent(_load_settings(config), recipient)) or Consent.UNKNOWN
    if json_:
        print_json({"recipient": recipient, "consent": consent})
    else:
        print_line(consent)


def _load_settings(config: Path | None) -> "Settings":
    settings = load_settings(config)
    if not settings.registry.url:
        # SQLite creates the registry beside the key ring. A registry without a key ring would look like a lost ring.
        # With PostgreSQL nothing is created here, and a machine that only records consent needs no keys.
        load_key_ring(settings)
    return settings


# The registry's packages are slow to import: a command's help must not load them.


async def _store_consent(settings: "Settings", recipient: str, consent: Consent) -> str:
    from clicktrail.server.system import SystemClock
    from clicktrail.server.wiring.overrides import copy_overrides
    from clicktrail.server.wiring.stores import open_registry

    async with open_registry(settings) as registry:
        (stored,) = await registry.consents.find([recipient])
        if stored.is_erased:
            print_message(_GRANTED_AGAIN if consent is Consent.GRANTED else _ERASED)
        await registry.consents.set(recipient, consent, at=SystemClock().now())
        # Without a key ring no edge runs on this machine; edges elsewhere copy the overrides themselves.
        if settings.keyring_path.exists():
            await copy_overrides(settings, registry)
    return await wait_for_edges(settings, settings.overrides_path)


async def _find_consent(settings: "Settings", recipient: str) -> Consent | None:
    from clicktrail.server.wiring.stores import open_registry

    async with open_registry(settings) as registry:
        (stored,) = await registry.consents.find([recipient])
        return stored.consent
