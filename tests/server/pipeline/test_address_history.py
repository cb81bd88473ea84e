from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clicktrail.judge.address_activity import ACTIVITY_WINDOW, AddressClick
from clicktrail.model.event import Click, encode_event
from clicktrail.server.pipeline.address_history import (
    MAX_NEIGHBOURS_PER_SIDE,
    AddressHistory,
    ClicksByAddress,
    build_address_windows,
)
from tests.support.events import AZURE_IP, CONTEXT, HOME_IP, click, noon_plus
from tests.support.memory_analytics import MemoryAnalytics


class CountingAnalytics(MemoryAnalytics):
    """Analytics that know what they were asked.

    Attributes:
        windows: the windows of each call of ``address_clicks``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.windows: list[Sequence[tuple[str, datetime, datetime]]] = []

    async def address_clicks(self, windows: Sequence[tuple[str, datetime, datetime]]) -> Sequence[AddressClick]:
        """As ever."""
        self.windows.append(windows)
        return await super().address_clicks(windows)


@pytest.fixture
def analytics() -> CountingAnalytics:
    """Nothing stored."""
    return CountingAnalytics()


async def store(analytics: MemoryAnalytics, *clicks: Click) -> None:
    """Have analytics know these clicks on message m1."""
    await analytics.store([encode_event(of) for of in clicks], [])


def on(message_id: str, seconds: float) -> Click:
    """A click on a message."""
    return replace(click(seconds, id=f"{message_id}-{seconds}"), message_id=message_id)


async def test_recent_visits_need_no_analytics(analytics: CountingAnalytics) -> None:
    await store(analytics, click(0, id="old"))
    nearby = AddressHistory(analytics)
    nearby.add([click(100), click(130)])
    assert {
        "m2": {AddressClick.from_click(click(100)), AddressClick.from_click(click(130))}
    } == await nearby.find_nearby_clicks({"m2": [on("m2", 120)]})
    assert [] == analytics.windows


async def test_old_visits_are_in_analytics(analytics: CountingAnalytics) -> None:
    await store(analytics, click(0), click(100))
    nearby = AddressHistory(analytics)
    nearby.add([click(110), click(900)])
    found = await nearby.find_nearby_clicks({"m2": [on("m2", 105)], "m3": [on("m3", 10)], "m4": [on("m4", 920)]})
    assert {
        "m2": {AddressClick.from_click(click(110)), AddressClick.from_click(click(100))},
        "m3": {AddressClick.from_click(click(0))},
        "m4": {AddressClick.from_click(click(900))},
    } == found
    assert [[(HOME_IP, noon_plus(10) - ACTIVITY_WINDOW, noon_plus(105) + ACTIVITY_WINDOW)]] == analytics.windows


async def test_what_is_too_much_to_remember_is_asked_for(analytics: CountingAnalytics) -> None:
    nearby = AddressHistory(analytics, cache_size=1)
    clicks = [click(0), on("m3", 10), on("m4", 20)]
    nearby.add(clicks)
    await store(analytics, *clicks)
    nearby.evict_excess()
    assert {"m2": set(map(AddressClick.from_click, clicks))} == await nearby.find_nearby_clicks({"m2": [on("m2", 15)]})
    assert 1 == len(analytics.windows)


async def test_what_was_erased_is_forgotten(analytics: CountingAnalytics) -> None:
    nearby = AddressHistory(analytics)
    nearby.add([click(0), click(10)])
    await store(analytics, click(10))
    nearby.clear()
    nearby.add([on("m2", 5)])
    assert {"m2": {AddressClick.from_click(click(10))}} == await nearby.find_nearby_clicks({"m2": [on("m2", 5)]})


def visit(
    seconds: float, person: str = "ann@a.example", *, ip: str = HOME_IP, tampered: bool = False, agent: int = 1
) -> AddressClick:
    """A request for a link of a person's message."""
    message_id = "" if tampered else f"to {person}"
    return AddressClick(
        at=noon_plus(seconds), ip=ip, message_id=message_id, recipient=person, tampered=tampered, user_agent_hash=agent
    )


people = st.builds("{}@{}.example".format, st.integers(0, 14), st.sampled_from("aaaaabbbcd"))
visits = st.builds(
    visit,
    st.integers(0, 200),
    people,
    ip=st.sampled_from([HOME_IP, HOME_IP, AZURE_IP]),
    tampered=st.sampled_from([False] * 9 + [True]),
    agent=st.sampled_from([1, 1, 1, 1, 2, 3, 4, 5, 6]),
)


def crowded(of: AddressClick, among: Iterable[AddressClick]) -> tuple[bool, ...]:
    """What rules may ask: agents in a minute about it; people and organisations by its own agent; damaged links."""
    near = [other for other in among if other.ip == of.ip and abs(other.at - of.at) <= ACTIVITY_WINDOW]
    seen = [other for other in near if not other.tampered]
    alike = [other for other in seen if other.user_agent_hash == of.user_agent_hash]
    damaged = [other for other in near if other.tampered and abs(other.at - of.at) <= timedelta(seconds=5)]
    return (
        in_a_minute(seen, of, 5, lambda other: other.user_agent_hash),
        in_a_minute(alike, of, 5, lambda other: other.recipient),
        in_a_minute(alike, of, 3, lambda other: other.recipient.partition("@")[2]),
        bool(damaged),
        any(other.user_agent_hash == of.user_agent_hash for other in damaged),
    )


def in_a_minute(
    seen: Sequence[AddressClick], of: AddressClick, different: int, kind: Callable[[AddressClick], object]
) -> bool:
    """Whether some minute about a visit sees so many of a kind."""
    starts = {other.at for other in seen if other.at <= of.at}
    minutes = [[other for other in seen if start <= other.at <= start + ACTIVITY_WINDOW] for start in starts]
    return any(len({kind(other) for other in minute}) >= different for minute in minutes)


def test_visits_are_found_by_address() -> None:
    told = [visit(at) for at in (4, 1, 2, 3)]
    known = ClicksByAddress([*told, visit(0, tampered=True)])
    assert [told[1], told[2], told[3], told[0], visit(0, tampered=True)] == list(known.get_clicks(HOME_IP))
    assert [] == list(known.get_clicks(AZURE_IP))


@given(st.lists(visits), st.data())
def test_each_visit_is_kept_once_until_it_is_removed(told: list[AddressClick], data: st.DataObject) -> None:
    known = ClicksByAddress()
    assert len(set(told)) == sum(known.add(visit) for visit in told)
    gone = set(data.draw(st.lists(st.sampled_from(told)))) if told else set()
    for one in gone:
        known.remove(one)
    found = [*known.get_clicks(HOME_IP), *known.get_clicks(AZURE_IP)]
    assert set(told) - gone == set(found)
    assert len(set(found)) == len(found)


@given(st.lists(visits, max_size=80))
def test_the_nearest_visits_tell_as_much_as_all(told: list[AddressClick]) -> None:
    known = ClicksByAddress(told)
    for one in told:
        if not one.tampered:
            own = [other for other in told if other.message_id == one.message_id]
            assert crowded(one, told) == crowded(one, [*own, *known.find_nearest(one)])


@given(st.lists(visits, max_size=80))
def test_a_visit_touches_all_to_which_it_makes_a_difference(told: list[AddressClick]) -> None:
    known = ClicksByAddress()
    before: list[AddressClick] = []
    for new in told:
        known.add(new)
        touched = {new.message_id, *known.affected_message_ids(new)}
        for one in before:
            if one.message_id and one.message_id not in touched:
                assert crowded(one, before) == crowded(one, [*before, new])
        before.append(new)


def test_a_crowd_is_not_gone_through_for_each_of_its_visits() -> None:
    known = ClicksByAddress(visit(number / 20, f"{number}@a.example") for number in range(1_000))
    touched = set(known.affected_message_ids(visit(25.01, "new@a.example")))
    near = set(known.find_nearest(visit(25.01, "new@a.example")))
    assert (2 * (MAX_NEIGHBOURS_PER_SIDE + 1), 2 * MAX_NEIGHBOURS_PER_SIDE) == (len(touched), len(near))


def test_compared_neighbours_exceed_every_count_that_a_rule_needs() -> None:
    thresholds = {rule.name: rule.thresholds for rule in CONTEXT.rules.rules}
    shared, datacentre = thresholds["shared-address"], thresholds["datacentre-shared-address"]
    counts = [
        *(shared[name] for name in ("min_recipients", "min_domains", "crowd_user_agents")),
        *(datacentre[name] for name in ("min_recipients", "min_domains")),
    ]
    assert max(counts) < MAX_NEIGHBOURS_PER_SIDE


def test_windows_reach_as_far_as_an_address_is_watched() -> None:
    clicks = [click(0), click(300), click(120), click(5, ip=AZURE_IP), click(5, ip="10.0.0.7")]
    expected = [
        (HOME_IP, noon_plus(0) - ACTIVITY_WINDOW, noon_plus(120) + ACTIVITY_WINDOW),
        (HOME_IP, noon_plus(300) - ACTIVITY_WINDOW, noon_plus(300) + ACTIVITY_WINDOW),
        (AZURE_IP, noon_plus(5) - ACTIVITY_WINDOW, noon_plus(5) + ACTIVITY_WINDOW),
    ]
    assert expected == list(build_address_windows(clicks))


@given(st.lists(st.integers(0, 600), min_size=1), st.integers(-100, 700))
def test_windows_hold_what_is_near_to_a_click_and_nothing_else(clicked: list[int], second: int) -> None:
    found = build_address_windows(click(seconds) for seconds in clicked)
    near = any(timedelta(seconds=abs(second - seconds)) <= ACTIVITY_WINDOW for seconds in clicked)
    assert near == sum(since <= noon_plus(second) <= until for _, since, until in found)
