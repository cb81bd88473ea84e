import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clicktrail.judge.address_activity import Visit, by_address, names_a_visitor, number_of
from tests.support.events import AZURE, CHROME, HOME, after, click


def visit(seconds: float, *, ip: str = HOME, message_id: str = "m2") -> Visit:
    """A request on another message."""
    return Visit(at=after(seconds), ip=ip, message_id=message_id, recipient="ben@example.com")


def test_visit_of_a_click() -> None:
    one = replace(click(3, id="c"), recipient="ann@example.com", tampered=True)
    expected = Visit(
        at=after(3), ip=HOME, message_id="m1", recipient="ann@example.com", tampered=True, agent=number_of(CHROME)
    )
    assert expected == Visit.of(one)


def test_number_of_an_agent_stays() -> None:
    assert [0, 3421780262] == [number_of(agent) for agent in ("", "123456789")]


def test_by_address() -> None:
    found = by_address([visit(9), visit(3, ip=AZURE), visit(5), visit(4, message_id="m1")], other_than="m1")
    assert {HOME: (visit(5), visit(9)), AZURE: (visit(3, ip=AZURE),)} == found


@given(st.permutations([visit(1), visit(2), visit(2), visit(3, ip=AZURE), visit(3, message_id="m3")]))
def test_order_and_repetition_do_not_matter(visits: list[Visit]) -> None:
    assert by_address(visits[:1] + visits, other_than="m1") == by_address(sorted(visits, key=repr), other_than="m1")


@pytest.mark.parametrize(
    ("ip", "names"),
    [
        (HOME, True),
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
    assert names is names_a_visitor(ip)
