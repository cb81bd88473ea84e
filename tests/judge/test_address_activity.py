import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clicktrail.judge.address_activity import AddressClick, group_by_address, hash_user_agent, is_visitor_address
from tests.support.events import AZURE_IP, CHROME_AGENT, HOME_IP, click, noon_plus


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
def test_is_visitor_address(ip: str, expected: bool) -> None:
    assert is_visitor_address(ip) is expected
