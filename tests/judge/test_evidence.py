from msgspec.structs import replace

from clicktrail.judge.evidence import MessageEvidence
from tests.support.events import AZURE_IP, CONTEXT, click, engagement, sent, timeline


def test_mappings_by_click() -> None:
    events = (
        sent(),
        click(1, id="azure", ip=AZURE_IP),
        click(2, id="curl", agent="curl/8.5.0"),
        click(3, id="person"),
        engagement("person"),
        engagement("curl", kind="loaded"),
    )
    evidence = MessageEvidence.from_timeline(timeline(*events), CONTEXT)
    assert (
        [click_.id for click_ in evidence.clicks],
        set(evidence.networks),
        set(evidence.declared_agents),
        set(evidence.engagements),
    ) == (["azure", "curl", "person"], {"azure"}, {"curl"}, {"person"})


def test_followed_clicks() -> None:
    prefetched = replace(click(1, id="prefetched"), headers={"sec-purpose": "prefetch"})
    tampered = replace(click(2, id="tampered"), tampered=True)
    head = replace(click(3, id="head"), method="HEAD")
    evidence = MessageEvidence.from_timeline(timeline(prefetched, tampered, head, click(4, id="get")), CONTEXT)
    assert [click_.id for click_ in evidence.followed_clicks] == ["head", "get"]
