from msgspec.structs import replace

from clicktrail.model.event import AnyEvent
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Reason, Verdict
from clicktrail.report.recipient_domains import RecipientDomain, RecipientDomainCounter, add_up_domains
from tests.support.judged_lines import bounced, click, delivered, make_judged_click, sent

NETWORK = Reason(signal="datacentre-network", points=3, detail="network Microsoft AS8075")


def count(*messages: tuple[str, list[AnyEvent], list[JudgedClick]]) -> list[RecipientDomain]:
    """The domains of messages to these recipients."""
    counter = RecipientDomainCounter(lambda judged: "Barracuda" if judged.click.ip else "")
    for recipient, events, clicks in messages:
        own_clicks = [
            make_judged_click(replace(judged.click, recipient=recipient), judged.verdict, *judged.reasons)
            for judged in clicks
        ]
        own_events = [replace(event, recipient=recipient) for event in events]
        timeline = Timeline.from_events("m", [*own_events, *(judged.click for judged in own_clicks)])
        counter.add(timeline, own_clicks)
    return counter.list_domains()


def judged(name: str, verdict: Verdict = Verdict.HUMAN, *reasons: Reason) -> JudgedClick:
    return make_judged_click(click("m", name), verdict, *reasons)


def test_deliveries_and_clicked_messages_are_counted_by_domain() -> None:
    big, small = count(
        ("ann@Two.example", [sent("m"), delivered("m")], [judged("1", Verdict.BOT), judged("2")]),
        ("ben@two.example", [sent("m"), delivered("m")], [judged("1", Verdict.BOT)]),
        ("cid@two.example", [sent("m")], []),
        ("dan@one.example", [sent("m"), delivered("m")], [judged("1")]),
    )
    assert (big.domain, big.delivered, big.clicked, big.people, big.scanned) == ("two.example", 2, 2, 1, 2)
    assert (big.raw_rate, big.human_rate, dict(big.bot_names)) == (1.0, 0.5, {"Barracuda": 2})
    assert (small.domain, small.human_rate, small.scanned) == ("one.example", 1.0, 0)


def test_sent_messages_less_bounces_are_delivered_if_no_deliveries_are_reported() -> None:
    (domain,) = count(
        ("ann@a.example", [sent("m")], []),
        ("ben@a.example", [sent("m"), bounced("m")], []),
    )
    assert (domain.delivered, domain.human_rate) == (1, 0.0)


def test_people_are_a_range() -> None:
    (domain,) = count(("ann@a.example", [delivered("m")], [judged("1", Verdict.SUSPECTED, NETWORK)]))
    assert (domain.people, domain.people_at_most, domain.human_rate) == (0, 1, 0.0)


def test_people_without_addresses_and_agents_are_unknown() -> None:
    blank = make_judged_click(replace(click("m", "1"), ip="", user_agent=""))
    (domain,) = count(("ann@a.example", [delivered("m")], [blank]))
    assert (domain.clicked, domain.people, domain.human_rate) == (1, None, None)


def test_rates_without_deliveries_are_unknown() -> None:
    (domain,) = count(("ann@a.example", [], [judged("1")]))
    assert (domain.people, domain.raw_rate, domain.human_rate) == (1, None, None)


def test_requests_that_are_not_counted_are_no_clicks() -> None:
    head = make_judged_click(click("m", "1"), Verdict.BOT, counted=False)
    counter = RecipientDomainCounter(lambda _judged: "Barracuda")
    event = replace(head.click, recipient="ann@a.example")
    counter.add(Timeline.from_events("m", [event]), [head])
    assert [(row.clicked, row.scanned) for row in counter.list_domains()] == [(0, 0)]


def test_recipients_without_address_are_left_out() -> None:
    assert count(("person-17", [sent("m")], [judged("1")])) == []


def test_domains_are_added_up() -> None:
    domains = count(
        ("ann@a.example", [delivered("m")], [judged("1", Verdict.BOT)]),
        ("ben@b.example", [delivered("m")], [judged("1")]),
    )
    total = add_up_domains(domains, "others")
    assert (total.domain, total.delivered, total.clicked, total.people) == ("others", 2, 2, 1)
    assert total.bot_names == {"Barracuda": 1}
