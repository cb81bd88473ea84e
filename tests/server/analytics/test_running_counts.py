"""Counts that are kept by differences equal counts of all clicks, after failures and kills too."""

import asyncio
import dataclasses
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from clicktrail.errors import StorageError
from clicktrail.model.event import AnonymousClick, AnyEvent, Engagement, Opened
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.report import CampaignReport, build_reports
from clicktrail.report.contributions import MAX_CLICKS_KEPT
from clicktrail.server.analytics.connection import ChdbPool, load_migrations
from clicktrail.server.analytics.rows import build_anonymous_click_rows, build_click_rows, build_message_rows
from clicktrail.server.analytics.store import ChdbAnalytics
from clicktrail.server.ports import JudgedMessage, RecordedEvent
from clicktrail.server.system import SystemClock
from tests.support.judged_lines import (
    BURST,
    ENGAGED,
    HOSTING,
    SENT_AT,
    bounced,
    click,
    delivered,
    make_judged_click,
    make_judged_message,
    record,
    record_events,
    sent,
)
from tests.support.memory_analytics import MemoryAnalytics
from tests.support.settable_clock import SettableClock

REASONS = (BURST, ENGAGED, HOSTING)
RECIPIENTS = ("", "ann@example.com", "ann@example.com", "bob@example.com", "")
"""Of the messages m0 to m4."""


class ClickChange(NamedTuple):
    """A verdict on one of the clicks of a message."""

    number: int
    verdict: Verdict
    counted: bool
    reason_numbers: frozenset[int]


class Step(NamedTuple):
    """New events of a message, and verdicts on its clicks; then maybe the folder is reopened or a recipient erased."""

    message: int
    kinds: frozenset[str]
    clicks: Sequence[ClickChange]
    times: int
    reopens: bool
    erases: bool
    anonymous: int

    @property
    def is_empty(self) -> bool:
        return not self.kinds and not self.clicks


def make_event(kind: str, name: str) -> AnyEvent:
    match kind:
        case "sent":
            return sent(name, recipients=2)
        case "delivered":
            return delivered(name, campaign="")
        case "bounced":
            return bounced(name, campaign="")
        case "opened":
            return Opened(id=f"{name}-opened", at=SENT_AT, message_id=name)
        case _:
            return Engagement(id=f"{name}-engagement", at=SENT_AT, message_id=name, click_id="c")


def make_click(message: int, change: ClickChange) -> JudgedClick:
    """A click whose link, group and source follow from its number. Its own event names no campaign."""
    number = change.number
    esp = "klaviyo" if number == 3 else ""
    clicked = replace(
        click(f"m{message}", str(number), campaign="", recipient=RECIPIENTS[message], after_s=1_800 * number),
        link=number % 3,
        url=f"https://example.com/{number % 2}",
        group="tiles" if number > 1 else "",
        esp=esp,
        ip="" if esp else "192.0.2.7",
    )
    return make_judged_click(
        clicked, change.verdict, *(REASONS[number] for number in sorted(change.reason_numbers)), counted=change.counted
    )


class History:
    """The messages of a history, as the processor stores them."""

    def __init__(self) -> None:
        self._timelines: dict[int, Timeline] = {}
        self._clicks: dict[int, dict[str, JudgedClick]] = {}

    def apply(self, step: Step) -> JudgedMessage:
        name = f"m{step.message}"
        earlier = self._timelines.get(step.message, Timeline.from_events(name, ()))
        judged = {clicked.click.id: clicked for clicked in (make_click(step.message, change) for change in step.clicks)}
        events = [*(make_event(kind, name) for kind in step.kinds), *(clicked.click for clicked in judged.values())]
        timeline = self._timelines[step.message] = earlier.with_events(events)
        clicks = self._clicks[step.message] = {**self._clicks.get(step.message, {}), **judged}
        moved = earlier.events and timeline.campaign != earlier.campaign
        return JudgedMessage(
            timeline=timeline,
            clicks=tuple((clicks if moved else judged).values()),
            has_message_events=bool(step.kinds),
        )


click_changes = st.builds(
    ClickChange,
    number=st.integers(0, 3),
    verdict=st.sampled_from(Verdict),
    counted=st.sampled_from([True, True, True, False]),
    reason_numbers=st.frozensets(st.integers(0, 2)),
)
steps = st.builds(
    Step,
    message=st.integers(0, 4),
    kinds=st.frozensets(st.sampled_from(["sent", "delivered", "bounced", "opened", "engagement"]), max_size=2),
    clicks=st.lists(click_changes, max_size=4),
    times=st.sampled_from([1, 1, 2]),
    reopens=st.sampled_from([False, False, False, True]),
    erases=st.sampled_from([False] * 6 + [True]),
    anonymous=st.integers(-4, 3),
).filter(lambda step: not step.is_empty)


async def fetch_reports(analytics: ChdbAnalytics | MemoryAnalytics) -> list[CampaignReport | None]:
    overview = await analytics.campaigns()
    detailed = [await analytics.campaign(report.campaign) for report in overview]
    assert [dataclasses.replace(report, links=(), reasons=(), sources=()) for report in detailed if report] == overview
    # Of an erased recipient's message that was never sent, the memory store keeps an empty campaign.
    return [report for report in detailed if report != CampaignReport(campaign=report.campaign if report else "")]


@settings(max_examples=8, deadline=None)
@given(history=st.lists(steps, min_size=1, max_size=6))
def test_running_counts_equal_counts_of_all_clicks(history: list[Step]) -> None:
    async def run(folder: Path) -> None:
        expected, messages = MemoryAnalytics(), History()
        analytics = await ChdbAnalytics.open(folder, SystemClock())
        try:
            for step in history:
                message = messages.apply(step)
                anonymous = [
                    AnonymousClick(id=f"a{step.anonymous}", at=SENT_AT, campaign="spring", link=0, verdict="bot")
                ][: step.anonymous >= 0]
                events = record(*message.timeline.events)
                for _ in range(step.times):
                    await analytics.store(events, [message], anonymous)
                await expected.store(events, [message], anonymous)
                if step.erases:
                    for store in (analytics, expected):
                        await store.erase("ann@example.com")
                if step.reopens:
                    await analytics.close()
                    analytics = await ChdbAnalytics.open(folder, SystemClock())
                assert await fetch_reports(analytics) == await fetch_reports(expected)
            names = [report.campaign for report in await analytics.campaigns()]
            assert await analytics.recount(names) == []
            assert await fetch_reports(analytics) == await fetch_reports(expected)
        finally:
            await analytics.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


async def test_person_with_very_many_clicks_is_counted(tmp_path: Path, clock: SettableClock) -> None:
    changes = [ClickChange(number=0, verdict=Verdict.BOT, counted=True, reason_numbers=frozenset()) for _ in range(3)]
    clicked = [make_click(1, change).click for change in changes]
    bots = [
        make_judged_click(replace(clicked[0], id=f"c{number}", campaign="spring"), Verdict.BOT, BURST)
        for number in range(MAX_CLICKS_KEPT + 9)
    ]
    humans = [make_judged_click(bot.click) for bot in bots[:2]]
    analytics = await ChdbAnalytics.open(tmp_path, clock)
    stored: dict[str, JudgedClick] = {}
    for number, judged in enumerate((bots, humans, bots[:1], humans, bots[:2], bots)):
        message = make_judged_message(sent("m1"), clicks=tuple(judged))
        await analytics.store(record_events(message), [message])
        stored |= {click.click.id: click for click in judged}
        assert await fetch_reports(analytics) == build_reports([(message.timeline, tuple(stored.values()))])
        if number == 2:  # read again from the tables
            await analytics.close()
            analytics = await ChdbAnalytics.open(tmp_path, clock)
    assert await analytics.recount(["spring"]) == []
    await analytics.close()


async def test_verdicts_of_people_with_few_and_very_many_clicks_are_read_between_stores(
    tmp_path: Path, clock: SettableClock
) -> None:
    def make_messages(verdict: Verdict) -> list[JudgedMessage]:
        return [
            make_judged_message(
                sent(name),
                clicks=tuple(
                    make_judged_click(click(name, str(number), recipient=recipient, after_s=number), verdict)
                    for number in range(count)
                ),
            )
            for name, recipient, count in (
                ("m1", "ann@example.com", 2),
                ("m2", "", 2),
                ("m3", "bob@example.com", MAX_CLICKS_KEPT + 9),
            )
        ]

    analytics = await ChdbAnalytics.open(tmp_path, clock)
    for is_reopened in (False, True, False):
        for verdict in (Verdict.BOT, Verdict.HUMAN, Verdict.SUSPECTED):
            messages = make_messages(verdict)
            await analytics.store(record_events(*messages), messages)
            if is_reopened:
                await analytics.close()
                analytics = await ChdbAnalytics.open(tmp_path, clock)
            verdicts = await analytics.current_verdicts([message.timeline for message in messages])
            assert verdicts == {judged.click.id: verdict for message in messages for judged in message.clicks}
            expected = build_reports([(message.timeline, message.clicks) for message in messages])
            assert await fetch_reports(analytics) == expected
    assert await analytics.recount(["spring"]) == []
    await analytics.close()


async def test_verdicts_that_are_read_during_stores_leave_the_counts_exact(
    tmp_path: Path, clock: SettableClock
) -> None:
    def make_messages(verdict: Verdict) -> list[JudgedMessage]:
        return [
            make_judged_message(sent(name), clicks=(make_judged_click(click(name, "1", recipient="a@b.cd"), verdict),))
            for name in (f"m{number}" for number in range(20))
        ]

    await (analytics := await ChdbAnalytics.open(tmp_path, clock)).store([], make_messages(Verdict.BOT))
    for verdict in (Verdict.HUMAN, Verdict.BOT, Verdict.SUSPECTED):
        await analytics.close()
        analytics = await ChdbAnalytics.open(tmp_path, clock)
        messages = make_messages(verdict)
        async with asyncio.TaskGroup() as group:
            for message in messages:
                group.create_task(analytics.current_verdicts([message.timeline]))
                group.create_task(analytics.store([], [message]))
        assert await fetch_reports(analytics) == build_reports([(each.timeline, each.clicks) for each in messages])
    assert await analytics.recount(["spring"]) == []
    await analytics.close()


async def test_people_of_an_earlier_opening_are_recognised_with_and_without_a_filter(
    tmp_path: Path, clock: SettableClock
) -> None:
    def make_messages(times: int) -> list[JudgedMessage]:
        return [
            make_judged_message(
                sent(f"m{number}"),
                clicks=tuple(
                    make_judged_click(click(f"m{number}", str(time), recipient=f"{number}@example.com"))
                    for time in range(times)
                ),
            )
            for number in range(1_500)
        ]

    for times in (1, 2, 3, 4):
        analytics = await ChdbAnalytics.open(tmp_path, clock)
        messages = make_messages(times)
        await analytics.store([], messages)
        await analytics.load_next_filter()
        await analytics.store([], messages)
        await analytics.load_next_filter()
        await analytics.store([], make_messages(times))
        expected = build_reports([(message.timeline, message.clicks) for message in messages])
        assert await fetch_reports(analytics) == expected
        await analytics.close()


async def test_wrong_counts_are_found_and_corrected(tmp_path: Path, clock: SettableClock) -> None:
    analytics = await ChdbAnalytics.open(tmp_path, clock)
    messages = [
        make_judged_message(
            sent(name, campaign=name), clicks=(make_judged_click(click(name, "1", campaign=name), Verdict.BOT, BURST),)
        )
        for name in ("spring", "autumn")
    ]
    await analytics.store(record_events(*messages), messages)
    reports = await fetch_reports(analytics)
    await analytics._connections.execute(
        "INSERT INTO campaign_counts (kind, campaign, name, clicks) VALUES ('reason', 'spring', 'burst', 1)"
    )
    assert await fetch_reports(analytics) != reports
    assert await analytics.recount(["autumn", "spring"]) == ["spring"]
    assert await fetch_reports(analytics) == reports
    assert await analytics.recount(["autumn", "spring"]) == []
    await analytics.close()


def make_batches() -> Iterator[tuple[list[RecordedEvent], list[JudgedMessage], list[AnonymousClick]]]:
    """The same messages twice: with one click each, and with another one and a changed verdict."""
    for times in (1, 2):
        verdicts = (Verdict.BOT,) if times == 1 else (Verdict.HUMAN, Verdict.SUSPECTED)
        messages = [
            make_judged_message(
                sent(f"m{number}"),
                delivered(f"m{number}"),
                clicks=tuple(
                    make_judged_click(click(f"m{number}", str(time), recipient="ann@example.com"), verdict, BURST)
                    for time, verdict in enumerate(verdicts)
                ),
            )
            for number in range(3)
        ]
        anonymous = AnonymousClick(id=f"a{times}", at=SENT_AT, campaign="winter", link=0, verdict="human")
        yield record_events(*messages), messages, [anonymous]


async def compute_expected() -> list[CampaignReport | None]:
    expected = MemoryAnalytics()
    for batch in make_batches():
        await expected.store(*batch)
    return await fetch_reports(expected)


async def test_folder_of_an_earlier_version_is_counted_even_if_its_migration_is_interrupted(
    tmp_path: Path, clock: SettableClock
) -> None:
    first_batch, _ = make_batches()
    connections = ChdbPool(tmp_path)
    *earlier, (name, statements) = load_migrations().items()
    for earlier_name, earlier_statements in earlier:
        for statement in earlier_statements:
            await connections.execute(statement)
        await connections.execute("INSERT INTO migrations SELECT {name:String}", {"name": earlier_name})
    clicks = (*build_click_rows(first_batch[1], version=1), *build_anonymous_click_rows(first_batch[2]))
    await connections.insert_in_order(
        [("insert_messages", build_message_rows(first_batch[1], version=1)), ("insert_clicks", clicks)]
    )
    assert name == "0004_running_counts.sql"
    for count in (3, len(statements) - 1):
        for statement in statements[:count]:
            await connections.execute(statement)
    await connections.close()
    expected = MemoryAnalytics()
    await expected.store(*first_batch)
    analytics = await ChdbAnalytics.open(tmp_path, clock)
    assert await fetch_reports(analytics) == await fetch_reports(expected)
    assert len(await analytics.recipient_clicks("ann@example.com")) == 3
    assert await analytics.recount(["spring", "winter"]) == []
    await analytics.close()


STATEMENT_COUNT = 8
"""Inserts of a store: marks, events, addresses, messages, verdict changes, clicks twice, counts."""


@pytest.mark.parametrize("failing_statement", range(STATEMENT_COUNT))
async def test_store_that_fails_and_is_repeated_counts_once(
    tmp_path: Path, clock: SettableClock, monkeypatch: pytest.MonkeyPatch, failing_statement: int
) -> None:
    analytics = await ChdbAnalytics.open(tmp_path, clock)
    first, second = make_batches()
    await analytics.store(*first)
    execute, inserts = ChdbPool._execute, list[str]()

    def fail_once(
        self: ChdbPool, statement: str, parameters: dict[str, str], output_format: str = "JSONEachRow"
    ) -> bytes:
        if statement.startswith(("INSERT", "--")) and "FORMAT JSONEachRow" in statement:
            inserts.append(statement)
            if len(inserts) == failing_statement + 1:
                raise StorageError("disk full")
        return execute(self, statement, parameters, output_format)

    monkeypatch.setattr(ChdbPool, "_execute", fail_once)
    for _ in range(2):
        try:
            await analytics.store(*second)
        except StorageError:
            continue
    assert await fetch_reports(analytics) == await compute_expected()
    assert await analytics.recount(["spring", "winter"]) == []
    await analytics.close()


@pytest.mark.parametrize("killed_after", range(STATEMENT_COUNT))
async def test_store_that_is_killed_and_repeated_counts_once(
    tmp_path: Path, clock: SettableClock, killed_after: int
) -> None:
    killed = await asyncio.to_thread(
        subprocess.run,
        [
            sys.executable,
            "-c",
            f"from {__name__} import store_and_die; store_and_die({str(tmp_path)!r}, {killed_after})",
        ],
        check=False,
        timeout=120,
        cwd=Path(__file__).parents[3],
    )
    assert killed.returncode in {0, 9}
    analytics = await ChdbAnalytics.open(tmp_path, clock)
    *_, second = make_batches()
    await analytics.store(*second)
    assert await fetch_reports(analytics) == await compute_expected()
    assert await analytics.recount(["spring", "winter"]) == []
    await analytics.close()


def store_and_die(folder: str, killed_after: int) -> None:
    """Store both batches, and end without any clean-up after some inserts of the second one."""
    execute, inserts = ChdbPool._execute, list[str]()

    def execute_or_die(
        self: ChdbPool, statement: str, parameters: dict[str, str], output_format: str = "JSONEachRow"
    ) -> bytes:
        if "FORMAT JSONEachRow" in statement:
            if len(inserts) == killed_after:
                os._exit(9)
            inserts.append(statement)
        return execute(self, statement, parameters, output_format)

    async def store() -> None:
        analytics = await ChdbAnalytics.open(Path(folder), SystemClock())
        first, second = make_batches()
        await analytics.store(*first)
        ChdbPool._execute = execute_or_die  # type: ignore[method-assign]
        await analytics.store(*second)
        await analytics.close()

    asyncio.run(store())
