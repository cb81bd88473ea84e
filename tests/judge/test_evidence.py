import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clicktrail.judge.evidence import (
    AddressClick,
    MessageEvidence,
    group_by_address,
    hash_user_agent,
    is_public_ip,
)
from clicktrail.judge.grouping import expand_runs, run_duration_s
from tests.support.events import AZURE_IP, CHROME_AGENT, CONTEXT, HOME_IP, click, engagement, noon_plus, sent, timeline


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


def test_regular_clicks() -> None:
    prefetched = replace(click(1, id="prefetched"), headers={"sec-purpose": "prefetch"})
    tampered = replace(click(2, id="tampered"), tampered=True)
    head = replace(click(3, id="head"), method="HEAD")
    evidence = MessageEvidence.from_timeline(timeline(prefetched, tampered, head, click(4, id="get")), CONTEXT)
    assert [click_.id for click_ in evidence.regular_clicks] == ["head", "get"]


def make_click(seconds: float, *, ip: str = HOME_IP, message_id: str = "m2") -> AddressClick:
    """A click on another message."""
    return AddressClick(at=noon_plus(seconds), ip=ip, message_id=message_id, recipient="ben@example.com")


def test_from_click() -> None:
    event = replace(click(3, id="c"), recipient="ann@example.com", tampered=True)
    expected = AddressClick(
        at=noon_plus(3),
        ip=HOME_IP,
        message_id="m1",
        recipient="ann@example.com",
        tampered=True,
        user_agent_hash=hash_user_agent(CHROME_AGENT),
    )
    assert AddressClick.from_click(event) == expected


def test_user_agent_hash_never_changes() -> None:
    assert [hash_user_agent(agent) for agent in ("", "123456789")] == [0, 3421780262]


def test_group_by_address() -> None:
    clicks_by_address = group_by_address(
        [make_click(9), make_click(3, ip=AZURE_IP), make_click(5), make_click(4, message_id="m1")],
        exclude_message_id="m1",
    )
    assert clicks_by_address == {HOME_IP: (make_click(5), make_click(9)), AZURE_IP: (make_click(3, ip=AZURE_IP),)}


@given(
    st.permutations(
        [make_click(1), make_click(2), make_click(2), make_click(3, ip=AZURE_IP), make_click(3, message_id="m3")]
    )
)
def test_order_and_repetition_do_not_matter(clicks: list[AddressClick]) -> None:
    assert group_by_address(clicks[:1] + clicks, exclude_message_id="m1") == group_by_address(
        sorted(clicks, key=repr), exclude_message_id="m1"
    )


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        (HOME_IP, True),
        ("2001:db8::1", True),
        ("::ffff:192.0.2.1", True),
        ("10.1.2.3", False),
        ("::ffff:10.1.2.3", False),
        ("172.31.0.1", False),
        ("192.168.1.1", False),
        ("127.0.0.1", False),
        ("::1", False),
        ("fd00::1", False),
        ("192.0.2.0/24", False),
        ("", False),
        ("unknown", False),
    ],
)
def test_is_public_ip(ip: str, expected: bool) -> None:
    assert is_public_ip(ip) is expected


def test_expand_runs_gives_each_click_the_detail_of_its_run() -> None:
    first, second, other = click(1), click(2, link=1), click(60, link=2)
    assert expand_runs([((first, second), "two"), ((other,), "one")]) == {
        first.id: "two",
        second.id: "two",
        other.id: "one",
    }


def test_run_duration() -> None:
    assert run_duration_s((click(1), click(5, link=1), click(40, link=2))) == 39
