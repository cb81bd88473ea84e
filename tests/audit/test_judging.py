import asyncio
from collections.abc import Sequence
from functools import partial

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clicktrail.audit.judging import is_reportable, judge_messages, message_key
from clicktrail.cli.partitions import open_partitions
from clicktrail.judge import judge
from clicktrail.model.event import AnyEvent, Click, encode_event
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.ports import JournalEntry
from tests.support.events import AZURE_IP, BARRACUDA_IP, CONTEXT, click, delivered, engagement, sent, sweep
from tests.support.memory_analytics import MemoryAnalytics

SCANNER_IP = "203.0.113.9"
"""In no network of the table."""

FIRST_MESSAGE: list[AnyEvent] = [
    sent(links=6),
    delivered(2),
    *sweep(40, links=6, gap=0.1, ip=AZURE_IP),
    click(41, link=2, ip=BARRACUDA_IP, id="gateway"),
    replace(click(50, id="head"), method="HEAD"),
    click(5_000, ip=AZURE_IP, id="desktop"),
    engagement("desktop", seconds=5_010),
]
EVENTS = [
    *FIRST_MESSAGE,
    *(replace(event, id=f"2-{event.id}", message_id="m2") for event in FIRST_MESSAGE[:5]),
    click(9_000, link=1, id="person"),
    *(
        replace(
            click(2_000 + 9 * number, ip=SCANNER_IP, id=f"scanned-{number}"),
            message_id=f"w{number}",
            recipient=f"p{number}@{'abcd'[number % 4]}.example",
        )
        for number in range(6)
    ),
    Click(id="tampered", at=click(8_999).at, tampered=True, ip=click().ip, user_agent=click().user_agent),
]
JUDGE = partial(judge, context=CONTEXT)


def verdicts(events: list[AnyEvent]) -> dict[str, JudgedClick]:
    """Judged clicks by ID."""
    with open_partitions() as partitions:
        for event in events:
            partitions.add(event)
        return {
            judged.click.id: judged
            for partition_events, address_clicks in partitions
            for _, clicks in judge_messages(partition_events, JUDGE, address_clicks)
            for judged in clicks
        }


class ListReader:
    """A journal reader with these events."""

    def __init__(self, events: list[AnyEvent]) -> None:
        self._entries = [JournalEntry(encode_event(event), None) for event in events]

    @property
    def position(self) -> None:
        """No position."""

    async def read(self, limit: int) -> list[JournalEntry]:
        """The next entries."""
        entries, self._entries = self._entries[:limit], self._entries[limit:]
        return entries

    async def erase(self, _entries: Sequence[JournalEntry]) -> None:
        """Do nothing."""

    async def commit(self, position: object = None) -> None:
        """Do nothing."""


@given(st.permutations(EVENTS), st.integers(1, len(EVENTS)))
def test_audit_gives_the_verdicts_of_the_live_system(events: list[AnyEvent], batch_size: int) -> None:
    async def judge_live() -> dict[str, JudgedClick]:
        analytics = MemoryAnalytics()
        processor = Processor(ListReader(events), analytics, judge=JUDGE)
        while await processor.judge_next(batch_size):
            pass
        return analytics.judged_clicks()

    audited = verdicts(events)
    assert verdicts(EVENTS) == audited
    assert asyncio.run(judge_live()) | {"tampered": audited["tampered"]} == audited


def test_address_with_clicks_on_many_messages_is_suspected() -> None:
    judged_by_id = verdicts(EVENTS)
    assert {judged_by_id[f"scanned-{number}"].verdict for number in range(6)} == {Verdict.SUSPECTED}


def test_click_after_a_tampered_token_is_a_bot() -> None:
    assert verdicts(EVENTS)["person"].verdict is Verdict.BOT


def test_every_click_gets_a_verdict() -> None:
    unknown = Click(id="unknown", at=click().at, tampered=True, ip=AZURE_IP)
    judged_by_id = verdicts([*EVENTS, unknown])
    assert {event.id for event in [*EVENTS, unknown] if isinstance(event, Click)} == set(judged_by_id)
    assert (judged_by_id["head"].counted, judged_by_id["unknown"].counted) == (False, False)


def test_message_key() -> None:
    named = click(id="c")
    unnamed = replace(named, message_id="", recipient="ada")
    alone = replace(named, message_id="", campaign="")
    assert (message_key(named), message_key(unnamed), message_key(alone)) == ("m1", "spring\x1fada", "c")


def test_click_of_no_message_is_not_reportable() -> None:
    unknown = Click(id="unknown", at=click().at, tampered=True)
    assert [is_reportable(Timeline.from_events("m", [event])) for event in (unknown, click())] == [False, True]
