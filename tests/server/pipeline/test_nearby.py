from collections.abc import Sequence
from datetime import datetime

import pytest
from msgspec.structs import replace

from clicktrail.judge.visits import NEARBY, Visit
from clicktrail.model.event import Click, encode
from clicktrail.server.pipeline.nearby import Nearby
from tests.clicks import HOME, after, click
from tests.server.memory_analytics import MemoryAnalytics


class CountingAnalytics(MemoryAnalytics):
    """Analytics that know what they were asked.

    Attributes:
        windows: the windows of each call of ``visits``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.windows: list[Sequence[tuple[str, datetime, datetime]]] = []

    async def visits(self, windows: Sequence[tuple[str, datetime, datetime]]) -> Sequence[Visit]:
        """As ever."""
        self.windows.append(windows)
        return await super().visits(windows)


@pytest.fixture
def analytics() -> CountingAnalytics:
    """Nothing stored."""
    return CountingAnalytics()


async def store(analytics: MemoryAnalytics, *clicks: Click) -> None:
    """Have analytics know these clicks on message m1."""
    await analytics.store([encode(of) for of in clicks], [])


def on(message_id: str, seconds: float) -> Click:
    """A click on a message."""
    return replace(click(seconds, id=f"{message_id}-{seconds}"), message_id=message_id)


async def test_recent_visits_need_no_analytics(analytics: CountingAnalytics) -> None:
    """What came after all that is stored is at hand or never was."""
    await store(analytics, click(0, id="old"))
    nearby = Nearby(analytics)
    nearby.add([click(100), click(130)])
    assert {"m2": {Visit.of(click(100)), Visit.of(click(130))}} == await nearby.of({"m2": [on("m2", 120)]})
    assert [] == analytics.windows


async def test_old_visits_are_in_analytics(analytics: CountingAnalytics) -> None:
    """They are asked for together, and only those that may be there; what came in since is with them."""
    await store(analytics, click(0), click(100))
    nearby = Nearby(analytics)
    nearby.add([click(110), click(900)])
    found = await nearby.of({"m2": [on("m2", 105)], "m3": [on("m3", 10)], "m4": [on("m4", 920)]})
    assert {
        "m2": {Visit.of(click(110)), Visit.of(click(100))},
        "m3": {Visit.of(click(0))},
        "m4": {Visit.of(click(900))},
    } == found
    assert [[(HOME, after(10) - NEARBY, after(105) + NEARBY)]] == analytics.windows


async def test_what_is_too_much_to_remember_is_asked_for(analytics: CountingAnalytics) -> None:
    """No visit is forgotten."""
    nearby = Nearby(analytics, remembered=1)
    clicks = [click(0), on("m3", 10), on("m4", 20)]
    nearby.add(clicks)
    await store(analytics, *clicks)
    nearby.shrink()
    assert {"m2": set(map(Visit.of, clicks))} == await nearby.of({"m2": [on("m2", 15)]})
    assert 1 == len(analytics.windows)


async def test_what_was_erased_is_forgotten(analytics: CountingAnalytics) -> None:
    """Analytics knows the rest."""
    nearby = Nearby(analytics)
    nearby.add([click(0), click(10)])
    await store(analytics, click(10))
    nearby.forget()
    nearby.add([on("m2", 5)])
    assert {"m2": {Visit.of(click(10))}} == await nearby.of({"m2": [on("m2", 5)]})
