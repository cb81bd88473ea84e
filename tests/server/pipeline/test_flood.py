"""Very many clicks on one message: bounded work, and the same verdicts in every order and after a restart."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from clicktrail.judge.evidence import AddressClick, start_of_interval
from clicktrail.judge.scoring import MAX_CLICKS_JUDGED_TOGETHER
from clicktrail.judge.shipped import build_shipped_judge
from clicktrail.model.event import AnyEvent, Click, Engagement
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import Verdict
from clicktrail.server.analytics.store import ChdbAnalytics
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.ports import Analytics, StoredVerdict
from clicktrail.server.system import SystemClock
from tests.server.pipeline.test_process import ListReader, drain, journal, processor
from tests.support.judged_lines import SENT_AT, click, delivered, sent
from tests.support.memory_analytics import MemoryAnalytics

JUDGE = build_shipped_judge()
COUNT = 4 * MAX_CLICKS_JUDGED_TOGETHER
"""More clicks than are judged together, in the message and in one interval."""

_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"


def flood_click(number: int, *, ip: str = "86.128.0.9", links: int = 1, message_id: str = "m1") -> Click:
    """Click number ``number`` of a flood, an hour after the message was sent: 20 a second, later 1,000 a second."""
    at = SENT_AT + timedelta(hours=1, milliseconds=min(50 * number, 30_000 + number))
    return replace(
        click(message_id, f"{number:06}", recipient="ann@a.example"),
        at=at,
        ip=ip,
        link=number % links,
        user_agent=_BROWSER,
    )


def engaged(on: Click) -> Engagement:
    """Input on the landing page of a click, a minute later."""
    return Engagement(
        id=f"{on.id}-engaged",
        at=on.at + timedelta(minutes=1),
        campaign="spring",
        message_id=on.message_id,
        recipient=on.recipient,
        click_id=on.id,
        kind="engaged",
    )


FLOOD = [flood_click(number, links=9) for number in range(COUNT)]  # 200 an interval, then 300 in one instant
IN_ONE_INTERVAL = [click for click in FLOOD if start_of_interval(click.at) == start_of_interval(FLOOD[-1].at)]
LATER = FLOOD[MAX_CLICKS_JUDGED_TOGETHER:]
OTHERS = [flood_click(number * 90, message_id=f"other-{number}") for number in range(9)]
EVENTS: list[AnyEvent] = [
    sent("m1"),
    delivered("m1"),
    *FLOOD,
    *OTHERS,
    engaged(LATER[0]),
    engaged(LATER[-1]),
    engaged(FLOOD[1]),
]


async def process(
    events: Sequence[AnyEvent], analytics: Analytics | MemoryAnalytics, *, limit: int = 400, cache_size: int = 100
) -> None:
    await drain(processor(ListReader(journal(*events)), analytics, judge=JUDGE, cache_size=cache_size), limit=limit)


async def test_all_clicks_are_judged_and_counted() -> None:
    analytics = MemoryAnalytics()
    await process(EVENTS, analytics)
    judged = analytics.judged_clicks()
    own_events = [event for event in EVENTS if event.message_id == "m1"]
    nearby = [AddressClick.from_click(click) for click in OTHERS]
    expected = {
        judged.click.id: judged for judged in JUDGE(Timeline.from_events("m1", own_events), address_clicks=nearby)
    }
    assert {click_id: judged[click_id] for click_id in expected} == expected
    report = await analytics.campaign("spring")
    assert report
    assert report.clicks.total == COUNT + len(OTHERS)


def test_later_clicks_are_judged_with_the_first_of_their_interval() -> None:
    judged = [judged.verdict for judged in JUDGE(Timeline.from_events("m1", FLOOD))]
    alone = FLOOD.index(IN_ONE_INTERVAL[0]) + MAX_CLICKS_JUDGED_TOGETHER
    assert {Verdict.BOT} == set(judged[:alone])  # burst
    assert {Verdict.HUMAN} == set(judged[alone:])


@pytest.mark.parametrize("stride", [1, 7, 500])
@pytest.mark.parametrize("cache_size", [0, 100])
async def test_verdicts_do_not_depend_on_batches_and_order(stride: int, cache_size: int) -> None:
    expected, shuffled = MemoryAnalytics(), MemoryAnalytics()
    await process(EVENTS, expected, limit=10_000)
    order = [event for start in range(stride) for event in (*EVENTS[start::stride], *EVENTS[start :: 2 * stride])][::-1]
    await process(order, shuffled, limit=700, cache_size=cache_size)
    assert shuffled.judged_clicks() == expected.judged_clicks()
    assert await shuffled.campaigns() == await expected.campaigns()


async def test_verdicts_are_the_same_after_restarts(tmp_path: Path) -> None:
    expected = MemoryAnalytics()
    await process(EVENTS, expected, limit=10_000)
    verdicts: Sequence[StoredVerdict] = ()
    for start in range(0, len(EVENTS), 200):
        analytics = await ChdbAnalytics.open(tmp_path / "analytics", SystemClock())
        await process(EVENTS[max(0, start - 50) : start + 200], analytics)
        verdicts = await analytics.verdicts("spring", since=None, part=0, part_count=1)
        await analytics.close()
    judged = expected.judged_clicks()
    assert {stored.click_id: (stored.verdict, stored.signals) for stored in verdicts} == {
        click_id: (judged[click_id].verdict, tuple(reason.signal for reason in judged[click_id].reasons))
        for click_id in judged
    }


async def test_late_sent_event_moves_all_clicks_to_its_campaign() -> None:
    analytics = MemoryAnalytics()
    clicks = [replace(click, campaign="") for click in FLOOD]
    await process([*clicks, sent("m1")], analytics)
    (report,) = await analytics.campaigns()
    assert (report.campaign, report.clicks.total) == ("spring", COUNT)


@pytest.mark.parametrize(
    "make_flood",
    [
        flood_click,
        lambda number: flood_click(number, ip=f"86.128.0.{number % 250}"),
        lambda number: flood_click(number, ip=f"86.{number // 60_000}.{number // 250 % 250}.{number % 250}"),
        lambda number: replace(flood_click(number), user_agent=f"{_BROWSER} {number}"),
        lambda number: replace(
            flood_click(number), tampered=number % 2 == 0, message_id="m1" if number % 2 else "", user_agent=str(number)
        ),
        lambda number: flood_click(number, message_id=f"m{number % 20}"),
        lambda number: flood_click(100_000 - number),
        lambda number: flood_click(number // 1_000),
    ],
    ids=[
        "one address",
        "250 addresses",
        "many addresses",
        "many user agents",
        "tampered links",
        "20 messages",
        "the latest first",
        "the same again and again",
    ],
)
def test_time_for_a_click_does_not_grow_with_the_flood(make_flood: Callable[[int], Click]) -> None:
    def measure(count: int) -> float:
        lines = journal(*map(make_flood, range(count)))
        processing = Processor(ListReader(lines), MemoryAnalytics(), judge=JUDGE)
        started_at = time.process_time()
        asyncio.run(drain(processing, limit=1_000))
        return time.process_time() - started_at

    measure(1_000)
    assert measure(16_000) < 10 * measure(4_000)  # 4 times as long if linear, 16 times if quadratic
