"""Look up links in the registry's SQLite file, without SQLAlchemy.

An edge worker needs nothing else of the registry. SQLAlchemy and Alembic would add 22 MB to its memory and 0.3 s of
processor time to its start. In PostgreSQL, links are looked up through `links`.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from clicktrail.errors import StorageError
from clicktrail.model.link_set import LinkSet, ShortLinkMessage, StoredLink
from clicktrail.model.supported_time import clamp_timestamp
from clicktrail.server.registry.batch_loader import LOOKUP_TIMEOUT_S, MAX_LINK_SET_ID, BatchLoader
from clicktrail.server.registry.sqlite_errors import describe_sqlite_error

_SELECT_LINK_SETS: Final = """
SELECT stored.id, stored.campaign, stored.created_at, link.position, link.destination, link."group", link.is_trap
FROM link_sets AS stored LEFT JOIN link_set_links AS link ON link.link_set_id = stored.id
WHERE stored.id IN (SELECT value FROM json_each(?)) ORDER BY stored.id, link.position
"""
_SELECT_SHORT_MESSAGES: Final = """
SELECT stored.code, stored.message_id, stored.recipient, stored.campaign, stored.created_at,
       link.position, link.destination, link."group", link.is_trap
FROM short_messages AS stored LEFT JOIN short_links AS link ON link.code = stored.code
WHERE stored.code IN (SELECT value FROM json_each(?)) ORDER BY stored.code, link.position
"""
_LINK_COLUMNS: Final = 4
"""The last columns of both statements."""

_Row = tuple[Any, ...]


class SqliteLinkReader:
    """The link sets and short links of a registry's file. It is opened at the first lookup, and never created.

    Attributes:
        link_sets: implements `ports.LinkSetReader`.
        short_links: implements `ports.ShortLinkReader`.
    """

    def __init__(self, file: Path) -> None:
        self.link_sets = _LinkSets(self)
        self.short_links = _ShortLinks(self)
        self._file = file
        self._connection: sqlite3.Connection | None = None
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="registry")

    async def fetch_groups(self, statement: str, keys: Sequence[int]) -> dict[int, list[_Row]]:
        """Run a statement whose first column is the key, and return its rows by key.

        Raises:
            StorageError: the file cannot be read, or does not respond in time.
        """
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT_S):
                rows = await asyncio.get_running_loop().run_in_executor(self._executor, self._fetch, statement, keys)
        except TimeoutError as error:
            raise StorageError("the registry does not respond") from error
        return {key: list(group) for key, group in groupby(rows, key=itemgetter(0))}

    async def close(self) -> None:
        """Wait for a running lookup, then close the file."""
        await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)
        if self._connection:
            self._connection.close()

    def _fetch(self, statement: str, keys: Sequence[int]) -> list[_Row]:
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(
                    f"{self._file.absolute().as_uri()}?mode=ro",
                    uri=True,
                    timeout=LOOKUP_TIMEOUT_S,
                    isolation_level=None,
                    check_same_thread=False,
                )
            return self._connection.execute(statement, (f"[{','.join(map(str, keys))}]",)).fetchall()
        except sqlite3.Error as error:  # its text may quote rows, so it is not part of the message
            reason = describe_sqlite_error(error, self._file)
            raise StorageError(f"the registry refused: {reason}") from error


class _LinkSets:
    def __init__(self, reader: SqliteLinkReader) -> None:
        self._reader = reader
        self._loader = BatchLoader(self._find_all)

    async def find(self, link_set_id: int) -> LinkSet | None:
        return await self._loader.find(link_set_id) if link_set_id <= MAX_LINK_SET_ID else None

    async def _find_all(self, ids: Sequence[int]) -> dict[int, LinkSet]:
        groups = await self._reader.fetch_groups(_SELECT_LINK_SETS, ids)
        return {id_: _build_link_set(rows) for id_, rows in groups.items()}


class _ShortLinks:
    def __init__(self, reader: SqliteLinkReader) -> None:
        self._reader = reader
        self._loader = BatchLoader(self._find_all)

    async def find(self, code: int) -> ShortLinkMessage | None:
        return await self._loader.find(code)

    async def _find_all(self, codes: Sequence[int]) -> dict[int, ShortLinkMessage]:
        groups = await self._reader.fetch_groups(_SELECT_SHORT_MESSAGES, codes)
        return {code: _build_message(rows) for code, rows in groups.items()}


def _build_link_set(rows: list[_Row]) -> LinkSet:
    _, campaign, created_at, *_ = rows[0]
    return LinkSet(campaign=campaign, created_at=clamp_timestamp(created_at / 1000), links=_build_links(rows))


def _build_message(rows: list[_Row]) -> ShortLinkMessage:
    code, message_id, recipient, campaign, created_at, *_ = rows[0]
    return ShortLinkMessage(
        code=code,
        message_id=message_id,
        recipient=recipient,
        campaign=campaign,
        created_at=clamp_timestamp(created_at / 1000),
        links=_build_links(rows),
    )


def _build_links(rows: list[_Row]) -> tuple[StoredLink, ...]:
    links = (row[-_LINK_COLUMNS:] for row in rows)
    return tuple(
        StoredLink(position=position, destination=destination, group=group, is_trap=bool(is_trap))
        for position, destination, group, is_trap in links
        if position is not None  # the only row of a link set or message without links
    )
