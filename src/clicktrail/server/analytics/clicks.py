"""List single clicks, at a price that does not grow with their campaign.

Rows that replace others are merged when they are read, and to merge a campaign's takes seconds. So places are looked
for first without that, in the order of the key, and then only what stands there is merged.
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

__all__ = ["list_clicks"]

_FETCH_FACTORS: Final = (1, 10, 100)
"""How many times the clicks that are wanted are looked at, one after another: some may have another verdict by now."""

_START_CURSOR: Final = (datetime(2262, 1, 1, tzinfo=UTC), "")
"""Behind all clicks."""


class _ClickKey(msgspec.Struct):
    at: datetime
    id: str


class _StoredClick(msgspec.Struct, kw_only=True):
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

    def to_judged_click(self, campaign: str) -> JudgedClick:
        click = Click(
            id=self.id,
            at=self.at,
            source=self.source,
            campaign=campaign,
            message_id=self.message_id,
            recipient=self.recipient,
            link=self.link,
            url=self.url,
            group=self.link_group,
            method=self.method,
            user_agent=self.user_agent,
        )
        return JudgedClick(
            click=click,
            verdict=self.verdict,
            score=self.score,
            reasons=tuple(
                Reason(signal=signal, points=points, detail=detail) for signal, points, detail in self.reasons
            ),
            counted=self.counted,
            rules=self.rules,
        )


async def list_clicks(connections: ChdbPool, search: ClickSearch, *, limit: int) -> ClickPage:
    """The next clicks of a search: at most so many, and fewer where most of those looked at were judged again."""
    found: list[JudgedClick] = []
    end: ClickCursor | None = search.before or _START_CURSOR
    for factor in _FETCH_FACTORS:
        if end is None or len(found) > limit:
            break
        wanted = limit * factor + 1  # one more tells whether there are more
        places = await _find_cursors(connections, search, before=end, limit=wanted)
        found += await _fetch_clicks(connections, search, places)
        end = places[-1] if len(places) == wanted else None
    if len(found) > limit:
        end = (found[limit - 1].click.at, found[limit - 1].click.id)
    return ClickPage(clicks=tuple(found[:limit]), next_cursor=end)


async def _find_cursors(
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
    return [(row.at, row.id) for row in await connections.fetch_rows("click_places", _ClickKey, parameters)]


async def _fetch_clicks(
    connections: ChdbPool, search: ClickSearch, places: Sequence[ClickCursor]
) -> Sequence[JudgedClick]:
    if not places:
        return ()
    hours, ids = zip(*((str(hours_since_epoch(at)), click_id) for at, click_id in places), strict=True)
    rows = await connections.fetch_rows(
        "clicks_at", _StoredClick, {**_build_search_parameters(search), "hours": hours, "ids": ids}
    )
    return [row.to_judged_click(search.campaign) for row in rows]


def _build_search_parameters(search: ClickSearch) -> dict[str, QueryParameter]:
    return {
        "campaign": search.campaign,
        "verdicts": search.verdicts,
        "signal": search.signal,
        "counted": str(int(search.counted)),
    }
