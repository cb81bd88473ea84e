"""The journal that the settings describe, on the machine's own disk."""

import asyncio

from clicktrail.server.journal.writer import Durability, SegmentWriter
from clicktrail.server.settings import Settings

__all__ = ["open_journal"]


def open_journal(settings: Settings, writer: str) -> SegmentWriter:
    """One writer's end, in the running event loop.

    Args:
        settings: the folder, and how safe a line is when it is confirmed.
        writer: the name of the writer's folder.

    Raises:
        StorageError: another process writes there.
    """
    return SegmentWriter(
        settings.journal / writer,
        asyncio.get_running_loop(),
        durability=Durability(settings.recording.durability),
        buffer_bytes=settings.recording.buffer_mb * 1_000_000,
    )
