import asyncio
from functools import partial

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clicktrail.audit.judging import RecipientDomainCounter, is_reportable, judge_messages, message_key
from clicktrail.cli.partitions import open_partitions
from clicktrail.judge import judge
from clicktrail.model.event import AnyEvent, Click, encode_event
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Reason, Verdict
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.ports import JournalEntry
from tests.support.events import AZURE_IP, CONTEXT, click, delivered, engagement, sent, sweep
from tests.support.events import BARRACUDA_IP as BARRACUDA_CLICKS
from tests.support.judged_lines import click as judged_click
from tests.support.judged_lines import make_judged_click
from tests.support.memory_analytics import MemoryAnalytics

SWEEPER = "203.0.113.9"
"""Of no network that we know."""

FIRST: list[AnyEvent] = [
    sent(links=6),
    delivered(2),
    *sweep(40, links=6, gap=0.1, ip=AZURE_IP),
    click(41, link=2, ip=BARRACUDA_CLICKS, id="gateway"),
    replace(click(50, id="head"), method="HEAD"),
    click(5_000, ip=AZURE_IP, id="desktop"),
    engagement("desktop", seconds=5_010),
]
EVENTS = [
    *FIRST,
    *(replace(event, id=f"2-{event.id}", message_id="m2") for event in FIRST[:5]),
    click(9_000, link=1, id="person"),
    *(
        replace(
            click(2_000 + 9 * number, ip=SWEEPER, id=f"swept-{number}"),
            message_id=f"w{number}",
            recipient=f"p{number}@{'abcd'[number % 4]}.example",
        )
        for number in range(6)
    ),
    Click(id="damaged", at=click(8_999).at, tampered=True, ip=click().ip, user_agent=click().user_agent),
]
JUDGE = partial(judge, context=CONTEXT)


def verdicts(events: list[AnyEvent]) -> dict[str, JudgedClick]:
    """What is made of each click."""
    with open_partitions() as sorted_:
        for event in events:
            sorted_.add(event)
        return {
            judged.click.id: judged
            for some, nearby in sorted_
            for _, clicks in judge_messages(some, JUDGE, nearby)
            for judged in clicks
        }


class ListReader:
    """A journal of these events, read in two batches."""

    def __init__(self, events: list[AnyEvent]) -> None:
        self._entries = [JournalEntry(encode_event(event), None) for event in events]

    async def read(self, limit: int) -> list[JournalEntry]:
        """The next lines."""
        found, self._entries = self._entries[:limit], self._entries[limit:]
        return found

    async def commit(self) -> None:
        """Nothing that lasts."""


@given(st.permutations(EVENTS), st.integers(1, len(EVENTS)))
def test_verdicts_are_those_of_the_running_system(events: list[AnyEvent], batch: int) -> None:
    async def live() -> dict[str, JudgedClick]:
        analytics = MemoryAnalytics()
        processor = Processor(ListReader(events), analytics, judge=JUDGE, on_unreadable=lambda _entry, _error: None)
        while await processor.run_once(batch):
            pass
        return analytics.judged_clicks()

    afterwards = verdicts(events)
    assert verdicts(EVENTS) == afterwards
    assert asyncio.run(live()) | {"damaged": afterwards["damaged"]} == afterwards


def test_a_sweep_over_messages_is_seen() -> None:
    found = verdicts(EVENTS)
    assert {Verdict.SUSPECTED} == {found[f"swept-{number}"].verdict for number in range(6)}


def test_damaged_links_are_seen() -> None:
    assert Verdict.BOT is verdicts(EVENTS)["person"].verdict


def test_every_click_gets_a_verdict() -> None:
    lone = Click(id="lone", at=click().at, tampered=True, ip=AZURE_IP)
    found = verdicts([*EVENTS, lone])
    assert {event.id for event in [*EVENTS, lone] if isinstance(event, Click)} == set(found)
    assert (False, False) == (found["head"].counted, found["lone"].counted)


def test_a_message_is_known_by_its_id_or_by_campaign_and_recipient() -> None:
    named = click(id="c")
    unnamed = replace(named, message_id="", recipient="ada")
    alone = replace(named, message_id="", campaign="")
    assert ("m1", "spring\x1fada", "c") == (message_key(named), message_key(unnamed), message_key(alone))


def test_a_click_of_no_message_is_in_no_report() -> None:
    lone = Click(id="lone", at=click().at, tampered=True)
    assert [False, True] == [is_reportable(Timeline.from_events("m", [event])) for event in (lone, click())]


BARRACUDA = Reason(signal="mail-security-network", points=5, detail="network Barracuda AS15324")


def clicks(message: str, recipient: str, *kinds: Verdict) -> list[JudgedClick]:
    """A message's clicks of these verdicts; bots come from Barracuda's network."""
    return [
        make_judged_click(
            replace(judged_click(message, str(number)), recipient=recipient),
            kind,
            *([BARRACUDA] if kind is Verdict.BOT else []),
        )
        for number, kind in enumerate(kinds)
    ]


def test_an_organisation_is_scanned_where_bots_click_its_mail() -> None:
    organisations = RecipientDomainCounter()
    organisations.add(clicks("m1", "ada@one.example", Verdict.BOT, Verdict.BOT, Verdict.HUMAN))
    organisations.add(clicks("m2", "bob@Two.example", Verdict.BOT))
    organisations.add(clicks("m3", "cyd@two.example", Verdict.BOT))
    organisations.add(clicks("m4", "dan@two.example", Verdict.HUMAN))
    assert [("two.example", 3, 2, {"Barracuda AS15324": 2}), ("one.example", 1, 1, {"Barracuda AS15324": 1})] == [
        (found.domain, found.clicked_message_count, found.scanned_message_count, found.bot_networks)
        for found in organisations.list_scanned_domains()
    ]


def test_people_and_strangers_make_no_organisation() -> None:
    organisations = RecipientDomainCounter()
    organisations.add(clicks("m1", "ada@one.example", Verdict.HUMAN, Verdict.SUSPECTED))
    organisations.add(clicks("m2", "person-17", Verdict.BOT))
    organisations.add([])
    assert [] == organisations.list_scanned_domains()
