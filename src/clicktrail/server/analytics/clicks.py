"""List single clicks page by page, equally fast for small and large campaigns.

Reading with ``FINAL`` merges all versions of each row, which takes seconds for a large campaign. So a page is read in
two steps: find the keys of matching rows without ``FINAL``, in the order of the primary key, then read and merge only
the rows with these keys. The second step filters again, because a row found in the first may have been replaced.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from clicktrail.model.event import Click, format_rfc3339
from clicktrail.model.verdict import JudgedClick, Reason, Verdict
from clicktrail.server.analytics.connection import ChdbPool, QueryParameter
from clicktrail.server.analytics.rows import hours_since_epoch
from clicktrail.server.ports import ClickCursor, ClickPage, ClickSearch

_FETCH_FACTORS: Final = (1, 10, 100)
"""Rows to read, as multiples of the page size: more in each attempt, if the second step has dropped too many."""

_START_CURSOR: Final = (datetime(2262, 1, 1, tzinfo=UTC), "")
"""After every click."""


async def list_clicks(connections: ChdbPool, search: ClickSearch, *, limit: int) -> ClickPage:
    """The next clicks of a search: up to ``limit``, or fewer where many verdicts were replaced recently."""
    clicks: list[JudgedClick] = []
    next_cursor: ClickCursor | None = search.before or _START_CURSOR
    for factor in _FETCH_FACTORS:
        if next_cursor is None or len(clicks) > limit:
            break
        key_limit = limit * factor + 1  # one more than needed shows whether there is a next page
        keys = await _find_matching_keys(connections, search, before=next_cursor, limit=key_limit)
        clicks += await _fetch_clicks(connections, search, keys)
        next_cursor = keys[-1] if len(keys) == key_limit else None
    if len(clicks) > limit:
        last_click = clicks[limit - 1].click
        next_cursor = (last_click.at, last_click.id)
    return ClickPage(clicks=tuple(clicks[:limit]), next_cursor=next_cursor)


class _KeyRow(msgspec.Struct):
    at: datetime
    id: str


async def _find_matching_keys(
    connections: ChdbPool, search: ClickSearch, *, before: ClickCursor, limit: int
) -> list[ClickCursor]:
    at, click_id = before
    parameters = {
        **_build_search_parameters(search),
        "hour": str(hours_since_epoch(at)),
        "at": format_rfc3339(at),
        "id": click_id,
        "limit": str(limit),
    }
    return [(row.at, row.id) for row in await connections.fetch_rows("click_cursors", _KeyRow, parameters)]


class _ClickRow(msgspec.Struct, kw_only=True):
    id: str
    at: datetime
    recipient: str
    message_id: str
    link: int
    url: str
    link_group: str
    source: str
    method: str
    user_agent: str
    verdict: Verdict
    score: int
    counted: bool
    reasons: tuple[tuple[str, int, str], ...]
    rules: str


async def _fetch_clicks(
    connections: ChdbPool, search: ClickSearch, keys: Sequence[ClickCursor]
) -> Sequence[JudgedClick]:
    """Read the clicks with these keys that still match the search."""
    if not keys:
        return ()
    hours = [str(hours_since_epoch(at)) for at, _ in keys]
    ids = [click_id for _, click_id in keys]
    parameters = {**_build_search_parameters(search), "hours": hours, "ids": ids}
    rows = await connections.fetch_rows("clicks_by_key", _ClickRow, parameters)
    return [_build_judged_click(row, search.campaign) for row in rows]


def _build_search_parameters(search: ClickSearch) -> dict[str, QueryParameter]:
    return {
        "campaign": search.campaign,
        "verdicts": search.verdicts,
        "signal": search.signal,
        "counted": str(int(search.counted)),  # 1: clicks that reports count, 0: the others
    }


def _build_judged_click(row: _ClickRow, campaign: str) -> JudgedClick:
    click = Click(
        id=row.id,
        at=row.at,
        source=row.source,
        campaign=campaign,
        message_id=row.message_id,
        recipient=row.recipient,
        link=row.link,
        url=row.url,
        group=row.link_group,
        method=row.method,
        user_agent=row.user_agent,
    )
    return JudgedClick(
        click=click,
        verdict=row.verdict,
        score=row.score,
        reasons=tuple(Reason(signal=signal, points=points, detail=detail) for signal, points, detail in row.reasons),
        counted=row.counted,
        rules=row.rules,
    )
