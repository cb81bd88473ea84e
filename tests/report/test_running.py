"""Sums of changes equal counts of all messages, for any history of verdicts."""

import dataclasses
from collections.abc import Iterable, Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clicktrail.model.event import AnyEvent
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.report import CampaignReport, build_reports
from clicktrail.report.contributions import ClickContribution, MessageContribution, PersonClicks
from clicktrail.report.running import CountChanges, CountKind, CountRow, build_report
from tests.support.judged_lines import (
    BURST,
    ENGAGED,
    HOSTING,
    SENT_AT,
    bounced,
    click,
    delivered,
    make_judged_click,
    sent,
)

RECIPIENTS = ("ann@example.com", "ann@example.com", "bob@example.com", "")
MESSAGE_EVENTS = (sent("m", recipients=3), delivered("m"), bounced("m"))


@st.composite
def draw_judged_messages(draw: st.DrawFn) -> tuple[int, Sequence[AnyEvent], list[JudgedClick]]:
    """A message with some events, and verdicts on some of its clicks."""
    number = draw(st.integers(0, len(RECIPIENTS) - 1))
    name = f"m{number}"
    clicks = [
        make_judged_click(
            replace(
                click(name, str(index), recipient=RECIPIENTS[number]),
                link=index % 3,
                url=f"https://example.com/{index % 2}",
                group="tiles" if index > 3 else "",
                ip="192.0.2.7" if index % 2 else "",
            ),
            draw(st.sampled_from(Verdict)),
            *sorted(draw(st.sets(st.sampled_from([BURST, ENGAGED, HOSTING]))), key=lambda reason: reason.signal),
            counted=draw(st.sampled_from([True, True, False])),
        )
        for index in sorted(draw(st.sets(st.integers(0, 5))))
    ]
    events = [replace(event, id=f"{name}-{event.id}", message_id=name) for event in MESSAGE_EVENTS]
    return number, draw(st.lists(st.sampled_from(events), unique_by=lambda event: event.id)), clicks


class RunningReport:
    """A report that is kept by differences, as an analytics store keeps it."""

    def __init__(self) -> None:
        self.people: dict[str, PersonClicks] = {}
        self._messages: dict[str, MessageContribution] = {}
        self._sums: dict[tuple[CountKind, str, int, str], CountRow] = {}

    def apply(self, timeline: Timeline, clicks: Iterable[JudgedClick]) -> None:
        changes = CountChanges()
        person = self.people.setdefault(timeline.events[0].recipient or timeline.message_id, PersonClicks({}))
        contributions = {judged.click.id: make_contribution(judged) for judged in clicks}
        if len(contributions) == 1 and not person.clicks and person.link_counts is None:
            person.clicks |= contributions
            changes.add_person("spring", *contributions.values())
        else:
            flags = person.compute_flags()
            for click_id, contribution in contributions.items():
                changes.replace_click("spring", person.replace(click_id, contribution), contribution)
            changes.replace_person("spring", flags, person.compute_flags())
        message = make_message_contribution(timeline)
        changes.replace_message("spring", self._messages.get(timeline.message_id), message)
        self._messages[timeline.message_id] = message
        assert not changes.recounted_campaigns
        for row in changes.build_rows():
            key = (row.kind, row.name, row.position, row.url)
            self._sums[key] = add_rows(self._sums[key], row) if key in self._sums else row

    def build(self) -> CampaignReport | None:
        return build_report(self._sums.values())


def make_contribution(judged: JudgedClick) -> ClickContribution:
    clicked = judged.click
    return ClickContribution(
        link=clicked.link,
        url=clicked.url,
        group=clicked.group,
        verdict=judged.verdict,
        counted=judged.counted,
        signals=tuple(reason.signal for reason in judged.reasons),
        source=clicked.source,
        has_ip=bool(clicked.ip),
        has_user_agent=bool(clicked.user_agent),
    )


def make_message_contribution(timeline: Timeline) -> MessageContribution:
    kinds = {str(event.__struct_config__.tag) for event in timeline.events}
    return MessageContribution(
        sent_at=SENT_AT if timeline.sent else None,
        accepted=timeline.sent.recipients if timeline.sent else 0,
        bounced="bounced" in kinds,
        delivered="delivered" in kinds,
        opened=False,
        has_engagement=False,
    )


def add_rows(total: CountRow, change: CountRow) -> CountRow:
    sums = {
        name: value + getattr(change, name)
        for name, value in msgspec.structs.asdict(total).items()
        if isinstance(value, int) and name != "position"
    }
    first_sent_at = total.first_sent_at or change.first_sent_at
    return msgspec.structs.replace(total, **sums, first_sent_at=first_sent_at)


@given(
    history=st.lists(draw_judged_messages(), max_size=10).map(
        lambda items: [item for item in items if item[1] or item[2]]
    ),
    compacts=st.booleans(),
)
def test_sums_of_changes_equal_counts_of_all_messages(
    history: list[tuple[int, Sequence[AnyEvent], list[JudgedClick]]], compacts: bool
) -> None:
    running = RunningReport()
    timelines: dict[int, Timeline] = {}
    judged_clicks: dict[int, dict[str, JudgedClick]] = {}
    for number, events, clicks in history:
        earlier = timelines.get(number, Timeline.from_events(f"m{number}", ()))
        timelines[number] = earlier.with_events((*events, *(judged.click for judged in clicks)))
        judged_clicks.setdefault(number, {}).update({judged.click.id: judged for judged in clicks})
        with_recipient = dataclasses.replace(
            timelines[number],
            events=tuple(replace(event, recipient=RECIPIENTS[number]) for event in timelines[number].events),
        )
        running.apply(with_recipient, clicks)
        reports = build_reports(
            (timeline, tuple(judged_clicks[number].values())) for number, timeline in timelines.items()
        )
        assert [running.build()] == reports
        if compacts:
            for person in running.people.values():
                compact_and_reload(person)


def compact_and_reload(person: PersonClicks) -> None:
    """Keep the numbers of clicks by link only, and load single clicks again, as a store does for busy people."""
    clicks = dict(person.clicks)
    person.compact(max_clicks=0)
    person.clicks = clicks
