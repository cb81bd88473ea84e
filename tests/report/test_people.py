from clicktrail.judge import judge
from clicktrail.model.event import Click
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Reason, Verdict
from clicktrail.report import PeopleCounter, PeopleRange
from clicktrail.report.people import is_suspected_by_network_alone
from tests.support.events import AZURE_IP, CONTEXT, click, timeline
from tests.support.judged_lines import click as click_on
from tests.support.judged_lines import make_judged_click, make_judged_message

NETWORK = Reason(signal="datacentre-network", points=3, detail="network Microsoft AS8075")
ALL_LINKS = Reason(signal="all-links", points=2, detail="all 6 links in 40 s")
LATE = Reason(signal="late-browser", points=-1, detail="Chrome 156")


def add(counter: PeopleCounter, *clicks: JudgedClick) -> None:
    counter.add(make_judged_message(*(judged.click for judged in clicks)).timeline, clicks)


def suspected(event: Click, *reasons: Reason) -> JudgedClick:
    return make_judged_click(event, Verdict.SUSPECTED, *reasons)


def test_people_are_a_range() -> None:
    counter = PeopleCounter()
    ann, ben, cid = (click_on(f"m{name}", "1", recipient=f"{name}@example.com") for name in ("ann", "ben", "cid"))
    add(counter, make_judged_click(ann))
    add(counter, suspected(ben, NETWORK))
    add(counter, suspected(cid, ALL_LINKS))
    assert counter.count("spring") == PeopleRange(human=1, at_most=2)
    assert counter.count("another campaign") == PeopleRange()


def test_a_person_with_both_kinds_of_clicks_counts_once() -> None:
    counter = PeopleCounter()
    first, second = click_on("m1", "1", recipient="ann@example.com"), click_on("m1", "2", recipient="ann@example.com")
    add(counter, make_judged_click(first), suspected(second, NETWORK))
    assert counter.count("spring") == PeopleRange(human=1, at_most=1)


def test_suspected_by_network_alone() -> None:
    event = click_on("m1", "1")
    assert [
        is_suspected_by_network_alone(judged)
        for judged in (
            suspected(event, NETWORK),
            suspected(event, NETWORK, LATE),
            suspected(event, ALL_LINKS),
            suspected(event, NETWORK, ALL_LINKS),
            make_judged_click(event, Verdict.BOT, NETWORK),
        )
    ] == [True, True, False, False, False]


def test_judged_click_from_a_cloud_is_possibly_a_person() -> None:
    message: Timeline = timeline(click(id="c", ip=AZURE_IP))
    assert [is_suspected_by_network_alone(judged) for judged in judge(message, CONTEXT)] == [True]
