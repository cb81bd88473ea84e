"""Erase a recipient from the tables and from the files below them.

ClickHouse keeps what a DELETE removes in two places: the parts that the new ones replace, for eight minutes, and the
text of the statement, in a ``mutation_N.txt``. So the statements name no recipient, and the old files are deleted here,
once the new ones are on disk.
"""

import asyncio
import os
from typing import Final

import msgspec

from clicktrail.errors import StorageError
from clicktrail.model.recipient_search import build_recipient_search
from clicktrail.server.analytics.connection import ChdbPool, load_query
from clicktrail.server.analytics.running_counts import RunningCounts
from clicktrail.server.ports import ErasedRows

_CLICK_ID_COLUMNS: Final = {
    "clicks": "id",
    "clicks_by_person": "id",
    "verdict_changes": "click_id",
    "address_clicks": "id",
    "events": "id",
}
"""Column of the event's id, by table. Events come last: a run that was interrupted finds the rest by them."""
_TABLES: Final = ("messages", *_CLICK_ID_COLUMNS, "campaign_counts")
_CLEANUP_ATTEMPTS = 100
_CLEANUP_INTERVAL_S = 0.1
"""A merge that is running holds the parts that it reads."""


async def erase_recipient(connections: ChdbPool, recipient: str, counts: RunningCounts, *, version: int) -> ErasedRows:
    """Delete a recipient's events and clicks, and the history of the clicks, and count their campaigns again.

    Raises:
        StorageError: some may be left; it is safe to repeat the call.
    """
    search = build_recipient_search(recipient)
    parameters = {"recipient": search.name, "pattern": search.pattern, "is_address": str(search.is_address).lower()}
    await _clear(connections)
    try:
        await connections.execute(load_query("find_erased_events"), parameters)
        await connections.execute(load_query("find_erased_messages"), parameters)
        (rows,) = await connections.fetch_rows("count_erased", ErasedRows)
        erased_campaigns = await connections.fetch_rows("erased_campaigns", _CampaignRow)
        await counts.begin_recount((row.campaign for row in erased_campaigns), version=version)
        await connections.execute(load_query("rename_erased_messages"))
        await _delete(connections, "messages", "message_id IN erasing_messages")
        for table, column in _CLICK_ID_COLUMNS.items():
            await _delete(connections, table, f"{column} IN erasing")
        await counts.recount_uncounted(version=version)
        await counts.delete_former()  # their links may quote the recipient
    finally:
        await _clear(connections)
    return rows


async def delete_replaced_files(connections: ChdbPool) -> None:
    """Delete the files that earlier statements have replaced, and the texts of the statements.

    Raises:
        StorageError: some may be left; it is safe to repeat the call.
    """
    await asyncio.to_thread(os.sync)  # a power cut may not lose the new files once the old ones are gone
    try:
        for table in _TABLES:
            await connections.execute(f"ALTER TABLE {table} MODIFY SETTING old_parts_lifetime = 0")
        for _ in range(_CLEANUP_ATTEMPTS):
            for table in _TABLES:  # no partition has this id: the statement only deletes replaced files
                await connections.execute(f"ALTER TABLE {table} DROP PARTITION ID 'none'")
            (left,) = await connections.fetch_rows("inactive_parts", _InactiveParts, {"tables": _TABLES})
            if not left.parts:
                break
            await asyncio.sleep(_CLEANUP_INTERVAL_S)
        else:
            raise StorageError("files of erased recipients are in use")
        await connections.execute("KILL MUTATION WHERE database = currentDatabase() AND is_done SYNC")
    finally:
        for table in _TABLES:
            await connections.execute(f"ALTER TABLE {table} RESET SETTING old_parts_lifetime")


class _CampaignRow(msgspec.Struct):
    campaign: str


class _InactiveParts(msgspec.Struct):
    parts: int


async def _delete(connections: ChdbPool, table: str, condition: str) -> None:
    await connections.execute(f"ALTER TABLE {table} DELETE WHERE {condition} SETTINGS mutations_sync = 1")


async def _clear(connections: ChdbPool) -> None:
    for table in ("erasing", "erasing_messages"):
        await connections.execute(f"TRUNCATE TABLE {table}")
