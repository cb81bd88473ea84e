from hypothesis import given
from hypothesis import strategies as st

from clicktrail.judge.address_activity import EARLY_S, AddressActivity, SourceActivity, Visit, summarize_visits
from tests.support.events import HOME_IP
from tests.support.signals import RULES_BY_NAME

PREFIX = "192.0.2.0/24"
VISITS = [
    Visit(HOME_IP, PREFIX, 1, "ann@one.example", "one.example", 40, 4),
    Visit(HOME_IP, PREFIX, 1, "ben@two.example", "two.example", 400, 1),
    Visit(HOME_IP, PREFIX, 1, "cid@mail.example", "", None, 3),
    Visit(HOME_IP, PREFIX, 2, "ann@one.example", "one.example", 9_000, 1),
]


def test_summary_of_an_address() -> None:
    assert summarize_visits(VISITS) == {
        HOME_IP: AddressActivity(
            sources={
                1: SourceActivity(recipients=3, companies=2, early_share=0.5),
                2: SourceActivity(recipients=1, companies=1, early_share=0),
            },
            swept_recipients=2,
            swept_share=0.5,
        )
    }


def test_summary_of_neighbouring_addresses() -> None:
    visits = [Visit(f"192.0.2.{number}", PREFIX, 1, f"ann@{number}.example", "", 40, 1) for number in range(3)]
    assert summarize_visits(visits) == {
        PREFIX: AddressActivity(
            sources={1: SourceActivity(recipients=3, companies=0, early_share=1)}, swept_recipients=0, swept_share=0
        )
    }


def test_household_is_left_out() -> None:
    assert summarize_visits([*VISITS[:2], VISITS[3]]) == {}


@given(st.permutations(VISITS))
def test_order_of_visits_does_not_matter(visits: list[Visit]) -> None:
    assert summarize_visits(visits) == summarize_visits(VISITS)


def test_an_early_click_is_an_early_visit() -> None:
    assert RULES_BY_NAME["always-early"].thresholds["max_delay_s"] == EARLY_S
