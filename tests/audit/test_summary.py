from functools import partial

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clicktrail.audit import judge_messages
from clicktrail.audit.summary import AuditCounter, AuditSummary
from clicktrail.judge import judge
from clicktrail.model.event import AnyEvent
from tests.support.events import AZURE_IP, BARRACUDA_IP, CONTEXT, HOME_IP, click, delivered, sent, sweep

JUDGE = partial(judge, context=CONTEXT)


def summarize(*events: AnyEvent) -> AuditSummary:
    return AuditCounter(CONTEXT).count(judge_messages(events, JUDGE, {}), notes=["a note"])


def message(number: int, *events: AnyEvent, campaign: str = "spring") -> list[AnyEvent]:
    """A delivered message to a person, with these events."""
    all_events = sent(links=6), delivered(2), *events
    return [
        replace(
            event,
            id=f"{number}-{event.id}",
            message_id=f"m{number}",
            recipient=f"p{number}@company-{number % 3}.example",
            campaign=campaign,
        )
        for event in all_events
    ]


def test_everything_that_an_audit_shows() -> None:
    scan = sweep(40, links=6, gap=0.1, ip=BARRACUDA_IP)
    unsubscribe = replace(click(41, ip=BARRACUDA_IP, id="u"), url="https://shop.example/unsubscribe?p=7")
    summary = summarize(
        *message(0, *scan, unsubscribe),
        *message(1, *scan, click(5_000)),
        *message(2, click(5_000, ip=AZURE_IP)),
        *message(3),
    )
    assert summary.headline == "Your ESP counts 75.0%; people clicked 25.0%, at most 50.0%."
    assert [(row.vendor, row.clicks, row.recipients, row.companies, row.clickers) for row in summary.scanners] == [
        ("Barracuda", 13, 2, 2, 1),
        ("Microsoft", 1, 1, 1, 1),
    ]
    assert [(row.domain, row.delivered, row.people) for row in summary.domains] == [
        ("company-0.example", 2, 0),
        ("company-1.example", 1, 1),
        ("company-2.example", 1, 0),
    ]
    assert summary.links.unsubscribe_clicks.bot == 1
    assert (summary.links.links[0].name.address, summary.links.links[0].clicks.human) == ("shop.example/0", 1)
    assert summary.signals["mail-security-network"] == 13
    assert summary.notes == ("a note",)
    assert (summary.first_click_at, summary.last_click_at) == (click(40).at, click(5_000).at)


def test_nothing() -> None:
    summary = summarize()
    assert (summary.campaigns, summary.first_click_at, summary.total.campaign_count) == ([], None, 0)


SCANS = st.sampled_from([
    [],
    [click(5_000)],
    [click(5_000, ip=AZURE_IP)],
    sweep(40, links=6, gap=0.1, ip=BARRACUDA_IP),
    sweep(40, links=6, gap=0.1, ip=HOME_IP),
    [click(40, agent="curl/8.5")],
])  # fmt: skip


@given(st.lists(st.tuples(st.lists(SCANS, max_size=3), st.sampled_from(["spring", "autumn"])), max_size=6))
def test_numbers_add_up(messages: list[tuple[list[list[AnyEvent]], str]]) -> None:
    events = [
        event
        for number, (parts, campaign) in enumerate(messages)
        for event in message(
            number,
            *(replace(event, id=f"{part}-{event.id}") for part, events in enumerate(parts) for event in events),
            campaign=campaign,
        )
    ]
    summary = summarize(*events)
    counts = summary.total.counts
    assert counts.people is not None
    assert sum(row.clickers for row in summary.scanners) == counts.clickers - counts.people
    assert sum(row.clicks for row in summary.scanners) == counts.clicks.total - counts.clicks.human
    assert sum(row.delivered for row in summary.domains) == counts.delivered == len(messages)
    assert sum(row.clicked for row in summary.domains) == counts.clickers
    assert sum(row.people or 0 for row in summary.domains) == counts.people
    assert sum(row.clicks.total for row in summary.links.links) == counts.clicks.total
