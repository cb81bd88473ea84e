"""clicktrail erase: erase a recipient's data."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from clicktrail.cli.options import Config, load_key_ring, load_settings

if TYPE_CHECKING:
    from clicktrail.server.settings import Settings
    from clicktrail.tokens import KeyRing


def erase(
    recipient: Annotated[
        str, typer.Argument(help="Email address, or the id in X-Clicktrail-Recipient.", metavar="RECIPIENT")
    ],
    config: Config = None,
) -> None:
    """Erase a recipient's data, and record nothing about them from now on.

    docs/reference/privacy.md says what remains where, and for how long.
    """
    settings = load_settings(config)
    asyncio.run(_erase_recipient(settings, load_key_ring(settings), recipient))


async def _erase_recipient(settings: "Settings", ring: "KeyRing", recipient: str) -> None:
    from clicktrail.server.pipeline.privacy import HashedRecipients
    from clicktrail.server.system import SystemClock
    from clicktrail.server.wiring.overrides import copy_overrides
    from clicktrail.server.wiring.stores import open_registry

    async with open_registry(settings) as registry:
        recipient_hash = HashedRecipients(ring).hash_recipient(recipient)
        await registry.erasures.add(recipient, recipient_hash, at=SystemClock().now())
        await copy_overrides(settings, registry)
