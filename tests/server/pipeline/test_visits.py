from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from clicktrail.judge.visits import NEARBY, Visit
from clicktrail.server.pipeline.visits import VisitsByAddress, windows
from tests.clicks import AZURE, HOME, after, click

visits = st.builds(
    Visit,
    at=st.integers(0, 5).map(after),
    ip=st.sampled_from([HOME, AZURE]),
    message_id=st.sampled_from(["m1", "m2"]),
    recipient=st.just("ann"),
)


def test_visits_are_found_by_address_and_time() -> None:
    """Both ends of a window belong to it; what is in no window, or another address's, does not."""
    told = [Visit(at=after(at), ip=HOME, message_id="m1", recipient="ann") for at in (4, 1, 2, 3)]
    known = VisitsByAddress(told)
    assert [told[2], told[3]] == known.within((HOME, after(2), after(3)))
    assert [] == list(known.within((AZURE, after(0), after(9))))


@given(st.lists(visits), st.data())
def test_each_visit_is_kept_once_until_it_is_removed(told: list[Visit], data: st.DataObject) -> None:
    """As in a set, in the order of time."""
    known = VisitsByAddress()
    assert len(set(told)) == sum(known.add(visit) for visit in told)
    gone = set(data.draw(st.lists(st.sampled_from(told)))) if told else set()
    for visit in gone:
        known.remove(visit)
    found = [*known.within((HOME, after(0), after(9))), *known.within((AZURE, after(0), after(9)))]
    assert set(told) - gone == set(found)
    assert len(set(found)) == len(found)


def test_windows_reach_as_far_as_an_address_is_watched() -> None:
    """Those that touch become one, and a private address has none."""
    clicks = [click(0), click(300), click(120), click(5, ip=AZURE), click(5, ip="10.0.0.7")]
    expected = [
        (HOME, after(0) - NEARBY, after(120) + NEARBY),
        (HOME, after(300) - NEARBY, after(300) + NEARBY),
        (AZURE, after(5) - NEARBY, after(5) + NEARBY),
    ]
    assert expected == list(windows(clicks))


@given(st.lists(st.integers(0, 600), min_size=1), st.integers(-100, 700))
def test_windows_hold_what_is_near_to_a_click_and_nothing_else(clicked: list[int], second: int) -> None:
    """An instant is in one window if it is near to a click, and else in none."""
    found = windows(click(seconds) for seconds in clicked)
    near = any(timedelta(seconds=abs(second - seconds)) <= NEARBY for seconds in clicked)
    assert near == sum(since <= after(second) <= until for _, since, until in found)
