from msgspec.structs import replace

from clicktrail.judge.evidence import MessageEvidence
from tests.support.events import AZURE_IP, CONTEXT, click, engagement, sent, timeline


def test_facts_by_click() -> None:
    events = (
        sent(),
        click(1, id="azure", ip=AZURE_IP),
        click(2, id="curl", agent="curl/8.5.0"),
        click(3, id="person"),
        engagement("person"),
        engagement("curl", kind="loaded"),
    )
    case = MessageEvidence.from_timeline(timeline(*events), CONTEXT)
    assert (["azure", "curl", "person"], {"azure"}, {"curl"}, {"person"}) == (
        [one.id for one in case.clicks],
        set(case.networks),
        set(case.declared_agents),
        set(case.engagements),
    )


def test_followed() -> None:
    early = replace(click(1, id="early"), headers={"sec-purpose": "prefetch"})
    damaged = replace(click(2, id="damaged"), tampered=True)
    head = replace(click(3, id="head"), method="HEAD")
    case = MessageEvidence.from_timeline(timeline(early, damaged, head, click(4, id="get")), CONTEXT)
    assert ["head", "get"] == [one.id for one in case.followed_clicks]
