"""List single clicks, at a price that does not grow with their campaign.

Rows that replace others are merged when they are read, and to merge a campaign's takes seconds. So places are looked
for first without that, in the order of the key, and then only what stands there is merged.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from clicktrail.model.event import Click, rfc3339
from clicktrail.model.verdict import JudgedClick, Reason, Verdict
from clicktrail.server.analytics.connection import ChdbConnections, Value
from clicktrail.server.analytics.rows import hour_of
from clicktrail.server.ports import ClickPage, ClickSearch, Place

__all__ = ["list_clicks"]

_ROUNDS: Final = (1, 10, 100)
"""How many times the clicks that are wanted are looked at, one after another: some may have another verdict by now."""

_END: Final = (datetime(2262, 1, 1, tzinfo=UTC), "")
"""Behind all clicks."""


class _Place(msgspec.Struct):
    at: datetime
    id: str


class _Click(msgspec.Struct, kw_only=True):
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

    def judged(self, campaign: str) -> JudgedClick:
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


async def list_clicks(connections: ChdbConnections, search: ClickSearch, *, limit: int) -> ClickPage:
    """The next clicks of a search: at most so many, and fewer where most of those looked at were judged again."""
    found: list[JudgedClick] = []
    end: Place | None = search.before or _END
    for factor in _ROUNDS:
        if end is None or len(found) > limit:
            break
        wanted = limit * factor + 1  # one more tells whether there are more
        places = await _places(connections, search, before=end, limit=wanted)
        found += await _clicks_at(connections, search, places)
        end = places[-1] if len(places) == wanted else None
    if len(found) > limit:
        end = (found[limit - 1].click.at, found[limit - 1].click.id)
    return ClickPage(clicks=tuple(found[:limit]), end=end)


async def _places(connections: ChdbConnections, search: ClickSearch, *, before: Place, limit: int) -> list[Place]:
    at, click_id = before
    parameters = {
        **_wanted(search),
        "hour": str(hour_of(at)),
        "at": rfc3339(at),
        "id": click_id,
        "limit": str(limit),
    }
    return [(row.at, row.id) for row in await connections.rows("click_places", _Place, parameters)]


async def _clicks_at(
    connections: ChdbConnections, search: ClickSearch, places: Sequence[Place]
) -> Sequence[JudgedClick]:
    if not places:
        return ()
    hours, ids = zip(*((str(hour_of(at)), click_id) for at, click_id in places), strict=True)
    rows = await connections.rows("clicks_at", _Click, {**_wanted(search), "hours": hours, "ids": ids})
    return [row.judged(search.campaign) for row in rows]


def _wanted(search: ClickSearch) -> dict[str, Value]:
    return {
        "campaign": search.campaign,
        "verdicts": search.verdicts,
        "signal": search.signal,
        "counted": str(int(search.counted)),
    }
