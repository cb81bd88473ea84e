import dataclasses
from collections.abc import Iterable
from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clicktrail.judge import judge
from clicktrail.model.event import AnyEvent, Bounced, Click, Delivered, Sent
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.report import CampaignReport, ClickCounts, LinkReport, ReasonCount, UniqueClickers, build_reports
from tests.support.events import AZURE_IP, CONTEXT, NOON, click, engagement, noon_plus, sweep


def judge_message(message_id: str, *events: AnyEvent) -> tuple[Timeline, tuple[JudgedClick, ...]]:
    """A message of the campaign spring, sent at noon with six links to one recipient, and its judged clicks."""
    sent = Sent(id=f"{message_id}-sent", at=NOON, campaign="spring", message_id=message_id, links=6)
    timeline = Timeline.from_events(message_id, [sent, *events])
    return timeline, judge(timeline, CONTEXT)


def move_clicks(message_id: str, clicks: Iterable[Click], *, recipient: str = "") -> list[Click]:
    """The same clicks on another message."""
    return [
        replace(click, id=f"{message_id}-{click.id}", message_id=message_id, recipient=recipient) for click in clicks
    ]


def test_no_messages_are_no_reports() -> None:
    assert build_reports([]) == []


def test_campaign_without_clicks() -> None:
    (report,) = build_reports([judge_message("m1"), judge_message("m2")])
    assert report == CampaignReport(campaign="spring", first_sent_at=NOON, accepted=2)
    assert (
        report.delivered,
        report.delivered_basis,
        report.click_rate_raw,
        report.click_rate_human,
    ) == (2, "accepted", 0.0, 0.0)


def test_overview_has_no_links() -> None:
    messages = [judge_message("m1", *move_clicks("m1", sweep(40, links=6, gap=0.1), recipient="ada@reader.example"))]
    (report,) = build_reports(messages)
    assert [dataclasses.replace(report, links=())] == build_reports(messages, include_links=False) != [report]


def test_person_who_clicks_after_a_scanner_is_counted() -> None:
    scan = sweep(40, links=6, gap=0.1, ip=AZURE_IP)
    (report,) = build_reports(
        [
            judge_message("m1", *move_clicks("m1", [*scan, click(5_000, link=2)], recipient="ada@reader.example")),
            judge_message("m2", *move_clicks("m2", scan, recipient="bob@reader.example")),
        ]
    )
    assert (
        report.clicks,
        report.clicks.total,
        report.unique,
        report.click_rate_raw,
        report.click_rate_human,
    ) == (ClickCounts(human=1, bot=12), 13, UniqueClickers(raw=2, human=1), 1.0, 0.5)
    assert report.links[2] == LinkReport(
        position=2,
        url="https://shop.example/2",
        clicks=ClickCounts(human=1, bot=2),
        unique=UniqueClickers(raw=2, human=1),
    )
    assert {
        ReasonCount(signal="all-links", clicks=12),
        ReasonCount(signal="burst", clicks=12),
        ReasonCount(signal="datacentre-network", clicks=12),
    } <= set(report.reasons)


def test_requests_that_are_not_counted() -> None:
    requests = [
        replace(click(100), method="HEAD"),
        replace(click(200), headers={"purpose": "prefetch"}),
        replace(click(300), tampered=True),
        click(400, agent="WhatsApp/2.23.20.0"),
    ]
    (report,) = build_reports([judge_message("m1", *move_clicks("m1", requests))])
    assert (
        report.clicks,
        report.unique,
        report.reasons,
    ) == (ClickCounts(preview=1), UniqueClickers(raw=1), (ReasonCount(signal="preview-user-agent", clicks=1),))


def test_recipient_of_two_messages_is_one_clicker() -> None:
    messages = [
        judge_message(name, *move_clicks(name, [click()], recipient="ada@reader.example")) for name in ("m1", "m2")
    ]
    assert [report.unique for report in build_reports(messages)] == [UniqueClickers(raw=1, human=1)]


def test_engaged_clickers_are_counted() -> None:
    requests = [click(id="a"), click(200, id="b", agent="WhatsApp/2.23.20.0"), click(400, id="c")]
    messages = [
        judge_message("m1", *requests, engagement("a"), engagement("b")),
        judge_message("m2", *move_clicks("m2", requests), engagement("m2-c", kind="loaded")),
    ]
    assert [report.unique for report in build_reports(messages)] == [UniqueClickers(raw=2, human=2, engaged=1)]


def test_unknown_recipient_counts_as_one_clicker_per_message() -> None:
    messages = [judge_message(name, *move_clicks(name, [click(), click(7_200)])) for name in ("m1", "m2")]
    assert [report.unique for report in build_reports(messages)] == [UniqueClickers(raw=2, human=2)]


def test_deliveries_and_bounces_count_once_per_message() -> None:
    messages = [
        judge_message(
            "m1",
            Delivered(id="d1", at=noon_plus(1), message_id="m1"),
            Delivered(id="d2", at=noon_plus(2), message_id="m1"),
        ),
        judge_message(
            "m2", Bounced(id="b1", at=noon_plus(1), message_id="m2"), Bounced(id="b2", at=noon_plus(9), message_id="m2")
        ),
        judge_message("m3"),
    ]
    (report,) = build_reports(messages)
    assert (
        report.accepted,
        report.bounced,
        report.reported_deliveries,
        report.delivered,
        report.delivered_basis,
    ) == (3, 1, 1, 1, "delivered")


def test_accepted_counts_recipients() -> None:
    sent = Sent(id="s", at=NOON, message_id="m1", recipients=5)
    assert [report.accepted for report in build_reports([(Timeline.from_events("m1", [sent]), ())])] == [5]


def test_latest_sent_campaign_comes_first() -> None:
    timelines = [
        Timeline.from_events("m1", [Sent(id="1", at=noon_plus(0), campaign="early")]),
        Timeline.from_events("m2", [Sent(id="2", at=noon_plus(60), campaign="late")]),
        Timeline.from_events("m3", [Delivered(id="3", at=noon_plus(90), campaign="unknown")]),
        Timeline.from_events("m4", [Sent(id="4", at=noon_plus(120), campaign="early")]),
        Timeline.from_events("m5", [Sent(id="5", at=noon_plus(0))]),
    ]
    assert [("late", noon_plus(60)), ("", noon_plus(0)), ("early", noon_plus(0)), ("unknown", None)] == [
        (report.campaign, report.first_sent_at) for report in build_reports((timeline, ()) for timeline in timelines)
    ]


requests = st.lists(
    st.builds(
        lambda seconds, link, ip, agent, method: replace(click(seconds, link=link, ip=ip, agent=agent), method=method),
        st.integers(0, 90),
        st.integers(0, 5),
        st.sampled_from(["192.0.2.10", AZURE_IP]),
        st.sampled_from(["Mozilla/5.0 Firefox/150.0", "curl/8.5.0", "WhatsApp/2.23"]),
        st.sampled_from(["GET", "HEAD", "OPTIONS"]),
    ),
    max_size=12,
)


@given(histories=st.lists(st.tuples(st.sampled_from(["", "ada@a.example", "bob@b.example"]), requests), max_size=4))
def test_counts_are_consistent(histories: list[tuple[str, list[Click]]]) -> None:
    reports = build_reports(
        judge_message(f"m{number}", *move_clicks(f"m{number}", clicks, recipient=recipient))
        for number, (recipient, clicks) in enumerate(histories)
    )
    for report in reports:
        verdicts = [field.name for field in fields(ClickCounts)]
        by_link = {name: sum(getattr(link.clicks, name) for link in report.links) for name in verdicts}
        assert {name: getattr(report.clicks, name) for name in verdicts} == by_link
        assert report.unique.human <= report.unique.raw <= report.clicks.total
        assert all(reason.clicks <= report.clicks.total - report.clicks.human for reason in report.reasons)


@given(histories=st.lists(requests, max_size=4), data=st.data())
def test_order_of_messages_does_not_matter(histories: list[list[Click]], data: st.DataObject) -> None:
    messages = [
        judge_message(f"m{number}", *move_clicks(f"m{number}", clicks)) for number, clicks in enumerate(histories)
    ]
    assert build_reports(messages) == build_reports(data.draw(st.permutations(messages)))
