"""clicktrail erase: forget a recipient, and record nothing of them any more."""

import asyncio
from typing import Annotated

import typer

from clicktrail import keyring_file
from clicktrail.cli.options import Config
from clicktrail.server import settings
from clicktrail.server.system import SystemClock
from clicktrail.tokens import KeyRing

__all__ = ["erase"]

Recipient = Annotated[str, typer.Argument(help="An address, or the id that the sender gave.", metavar="RECIPIENT")]


def erase(recipient: Recipient, config: Config = None) -> None:
    """Forget a recipient, and record nothing of them any more; privacy.md says what remains where, and how long."""
    loaded = settings.load(config, settings.get_environment())
    asyncio.run(_erase_recipient(loaded, keyring_file.load(loaded.keyring_path), recipient))


async def _erase_recipient(loaded: settings.Settings, ring: KeyRing, recipient: str) -> None:
    # These packages are slow to import, and no other command should wait for them.
    from clicktrail.server.pipeline.privacy import HashedRecipients
    from clicktrail.server.wiring.overrides import copy_overrides
    from clicktrail.server.wiring.stores import open_registry

    async with open_registry(loaded) as registry:
        await registry.erasures.add(recipient, HashedRecipients(ring).hash_recipient(recipient), at=SystemClock().now())
        await copy_overrides(loaded, registry)
