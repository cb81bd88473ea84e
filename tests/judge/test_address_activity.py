import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clicktrail.judge.address_activity import AddressClick, group_by_address, hash_user_agent, is_visitor_address
from tests.support.events import AZURE_IP, CHROME_AGENT, HOME_IP, click, noon_plus


def visit(seconds: float, *, ip: str = HOME_IP, message_id: str = "m2") -> AddressClick:
    """A request on another message."""
    return AddressClick(at=noon_plus(seconds), ip=ip, message_id=message_id, recipient="ben@example.com")


def test_visit_of_a_click() -> None:
    one = replace(click(3, id="c"), recipient="ann@example.com", tampered=True)
    expected = AddressClick(
        at=noon_plus(3),
        ip=HOME_IP,
        message_id="m1",
        recipient="ann@example.com",
        tampered=True,
        user_agent_hash=hash_user_agent(CHROME_AGENT),
    )
    assert expected == AddressClick.from_click(one)


def test_number_of_an_agent_stays() -> None:
    assert [0, 3421780262] == [hash_user_agent(agent) for agent in ("", "123456789")]


def test_by_address() -> None:
    found = group_by_address(
        [visit(9), visit(3, ip=AZURE_IP), visit(5), visit(4, message_id="m1")], exclude_message_id="m1"
    )
    assert {HOME_IP: (visit(5), visit(9)), AZURE_IP: (visit(3, ip=AZURE_IP),)} == found


@given(st.permutations([visit(1), visit(2), visit(2), visit(3, ip=AZURE_IP), visit(3, message_id="m3")]))
def test_order_and_repetition_do_not_matter(visits: list[AddressClick]) -> None:
    assert group_by_address(visits[:1] + visits, exclude_message_id="m1") == group_by_address(
        sorted(visits, key=repr), exclude_message_id="m1"
    )


@pytest.mark.parametrize(
    ("ip", "names"),
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
def test_names_a_visitor(ip: str, names: bool) -> None:
    assert names is is_visitor_address(ip)
