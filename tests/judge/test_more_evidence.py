"""More evidence of a scanner never turns a click into a person's."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clicktrail.demo.population import browsers
from clicktrail.judge import judge
from clicktrail.model.event import AnyEvent, Click
from clicktrail.model.verdict import Verdict
from tests.support.events import (
    AZURE_IP,
    BARRACUDA_IP,
    CONTEXT,
    HOME_IP,
    click,
    delivered,
    engagement,
    sent,
    timeline,
)

ADDRESSES = (HOME_IP, AZURE_IP, BARRACUDA_IP, "20.50.60.70", "34.64.0.1", "188.96.1.1", "77.176.9.9", "71.64.3.3", "")
AGENTS = (browsers.chrome("en"), browsers.chrome("en", version=154), browsers.scripted_chrome(130), {"user-agent": ""})


@st.composite
def clicks(draw: st.DrawFn) -> Click:
    """A click on one of five links, in the first minutes or hours later, mostly within seconds of others."""
    headers = draw(st.sampled_from(AGENTS))
    seconds = draw(st.sampled_from([1, 30, 400, 4_000, 9_000])) + draw(st.integers(0, 240)) / 8
    link = draw(st.integers(0, 4))
    return replace(
        click(seconds, link=link, ip=draw(st.sampled_from(ADDRESSES)), agent=headers["user-agent"]),
        method=draw(st.sampled_from(["GET", "GET", "GET", "HEAD"])),
        recipient="ann@example.com",
        https=draw(st.booleans()),
        headers={name: value for name, value in headers.items() if name != "user-agent"},
    )


@given(st.lists(clicks(), max_size=14), st.lists(clicks(), min_size=1, max_size=6), st.sets(st.integers(0, 13)))
def test_more_clicks_never_add_people(known: list[Click], more: list[Click], engaged: set[int]) -> None:
    known = [replace(event, id=f"known-{number}") for number, event in enumerate(known)]
    more = [replace(event, id=f"more-{number}") for number, event in enumerate(more)]
    loaded = [engagement(event.id, kind="loaded") for event in known]
    engagements = [engagement(event.id, seconds=7_000 + 60 * number) for number, event in enumerate(known)]
    engagements = [event for number, event in enumerate(engagements) if number in engaged]
    events: list[AnyEvent] = [sent(links=5), delivered(2), *loaded, *engagements, *known]
    assert human_ids([*events, *more]) & {event.id for event in known} <= human_ids(events)


def human_ids(events: list[AnyEvent]) -> set[str]:
    """IDs of the clicks that are judged human."""
    return {judged.click.id for judged in judge(timeline(*events), CONTEXT) if judged.verdict is Verdict.HUMAN}
