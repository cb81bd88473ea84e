from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clicktrail.judge.evidence import ACTIVITY_WINDOW, INTERVAL, AddressClick, start_of_interval
from clicktrail.model.event import Click
from clicktrail.server.pipeline.address_history import (
    MAX_CLICKS_PER_INTERVAL,
    MAX_NEIGHBOURS_PER_SIDE,
    AddressHistory,
    ClicksByAddress,
    build_address_windows,
)
from tests.support.events import AZURE_IP, CONTEXT, HOME_IP, click, noon_plus
from tests.support.judged_lines import record
from tests.support.memory_analytics import MemoryAnalytics


class CountingAnalytics(MemoryAnalytics):
    """Records the windows click each call click ``address_clicks``."""

    def __init__(self) -> None:
        super().__init__()
        self.windows: list[Sequence[tuple[str, datetime, datetime]]] = []

    async def address_clicks(self, windows: Sequence[tuple[str, datetime, datetime]]) -> Sequence[AddressClick]:
        self.windows.append(windows)
        return await super().address_clicks(windows)


@pytest.fixture
def analytics() -> CountingAnalytics:
    return CountingAnalytics()


async def store(analytics: MemoryAnalytics, *clicks: Click) -> None:
    await analytics.store(record(*clicks), [])


def click_on(message_id: str, seconds: float) -> Click:
    return replace(click(seconds, id=f"{message_id}-{seconds}"), message_id=message_id)


async def test_recent_clicks_are_in_memory(analytics: CountingAnalytics) -> None:
    await store(analytics, click(0, id="old"))
    history = AddressHistory(analytics)
    history.add([click(100), click(130)])
    assert {
        "m2": {AddressClick.from_click(click(100)), AddressClick.from_click(click(130))}
    } == await history.find_nearby_clicks({"m2": [click_on("m2", 120)]})
    assert [] == analytics.windows


async def test_windows_of_a_batch_are_loaded_once(analytics: CountingAnalytics) -> None:
    await store(analytics, click(0), click(100), click(5_000))
    history = AddressHistory(analytics)
    batch = [click_on("m2", 10), click_on("m2", 4_990)]
    for number in (1, 2):
        history.add(batch)
        assert (await history.affected_messages(batch)).keys() == {"m1"}
        for _ in range(2):
            nearby = await history.find_nearby_clicks({"m2": batch})
            assert nearby == {"m2": {AddressClick.from_click(click(seconds)) for seconds in (0, 5_000)}}
        assert len(analytics.windows) == number
    # A click at another time needs another window.
    nearby = await history.find_nearby_clicks({"m2": [*batch, click_on("m2", 130)]})
    assert AddressClick.from_click(click(100)) in nearby["m2"]
    assert len(analytics.windows) == 3


async def test_old_clicks_are_loaded_from_event_store(analytics: CountingAnalytics) -> None:
    await store(analytics, click(0), click(100))
    history = AddressHistory(analytics)
    history.add([click(110), click(900)])
    found = await history.find_nearby_clicks(
        {"m2": [click_on("m2", 105)], "m3": [click_on("m3", 10)], "m4": [click_on("m4", 920)]}
    )
    assert {
        "m2": {AddressClick.from_click(click(110)), AddressClick.from_click(click(100))},
        "m3": {AddressClick.from_click(click(0))},
        "m4": {AddressClick.from_click(click(900))},
    } == found
    assert [[(HOME_IP, noon_plus(10) - ACTIVITY_WINDOW, noon_plus(105) + ACTIVITY_WINDOW)]] == analytics.windows


async def test_evicted_clicks_are_loaded_from_event_store(analytics: CountingAnalytics) -> None:
    history = AddressHistory(analytics, cache_size=1)
    clicks = [click(0), click_on("m3", 10), click_on("m4", 20)]
    history.add(clicks)
    await store(analytics, *clicks)
    history.evict_excess(unstored=0)
    assert {"m2": set(map(AddressClick.from_click, clicks))} == await history.find_nearby_clicks(
        {"m2": [click_on("m2", 15)]}
    )
    assert 1 == len(analytics.windows)


async def test_clear_evicts_erased_clicks(analytics: CountingAnalytics) -> None:
    history = AddressHistory(analytics)
    history.add([click(0), click(10)])
    await store(analytics, click(10))
    history.clear()
    history.add([click_on("m2", 5)])
    assert {"m2": {AddressClick.from_click(click(10))}} == await history.find_nearby_clicks({"m2": [click_on("m2", 5)]})


def make_click(
    seconds: float, person: str = "ann@a.example", *, ip: str = HOME_IP, tampered: bool = False, agent: int = 1
) -> AddressClick:
    message_id = "" if tampered else f"to {person}"
    return AddressClick(
        at=noon_plus(seconds), ip=ip, message_id=message_id, recipient=person, tampered=tampered, user_agent_hash=agent
    )


people = st.builds("{}@{}.example".format, st.integers(0, 14), st.sampled_from("aaaaabbbcd"))
click_strategy = st.builds(
    make_click,
    st.integers(0, 200),
    people,
    ip=st.sampled_from([HOME_IP, HOME_IP, AZURE_IP]),
    tampered=st.sampled_from([False] * 9 + [True]),
    agent=st.sampled_from([1, 1, 1, 1, 2, 3, 4, 5, 6]),
)


def compute_signals(click: AddressClick, among: Iterable[AddressClick]) -> tuple[bool, ...]:
    """User agents, recipients and domains within a minute, and tampered clicks nearby: all that the rules ask."""
    near = [other for other in among if other.ip == click.ip and abs(other.at - click.at) <= ACTIVITY_WINDOW]
    opened = [other for other in near if not other.tampered]
    same_agent = [other for other in opened if other.user_agent_hash == click.user_agent_hash]
    tampered_clicks = [other for other in near if other.tampered and abs(other.at - click.at) <= timedelta(seconds=5)]
    return (
        has_busy_minute(opened, click, 5, lambda other: other.user_agent_hash),
        has_busy_minute(same_agent, click, 5, lambda other: other.recipient),
        has_busy_minute(same_agent, click, 3, lambda other: other.recipient.partition("@")[2]),
        bool(tampered_clicks),
        any(other.user_agent_hash == click.user_agent_hash for other in tampered_clicks),
    )


def has_busy_minute(
    opened: Sequence[AddressClick], click: AddressClick, min_count: int, get_key: Callable[[AddressClick], object]
) -> bool:
    starts = {other.at for other in opened if other.at <= click.at}
    minutes = [[other for other in opened if start <= other.at <= start + ACTIVITY_WINDOW] for start in starts]
    return any(len({get_key(other) for other in minute}) >= min_count for minute in minutes)


def test_clicks_by_address_in_chronological_order() -> None:
    clicks = [make_click(at, f"{at}@a.example") for at in (4, 1, 2, 3)]
    by_address = ClicksByAddress([*clicks, make_click(0, tampered=True)])
    assert [clicks[1], clicks[2], clicks[3], clicks[0], make_click(0, tampered=True)] == list(
        by_address.get_clicks(HOME_IP)
    )
    assert [] == list(by_address.get_clicks(AZURE_IP))


def select_first_and_last(clicks: Iterable[AddressClick]) -> set[AddressClick]:
    """Of the clicks on one message by the same recipient and User-Agent in an interval, the first and the last."""
    groups: dict[object, list[AddressClick]] = {}
    for each in clicks:
        key = (each.ip, each.message_id, each.user_agent_hash, start_of_interval(each.at), each.tampered and each)
        groups.setdefault(key, []).append(each)
    return {end(group, key=lambda each: each.at) for group in groups.values() for end in (min, max)}


@given(st.lists(click_strategy), st.data())
def test_first_and_last_of_similar_clicks_are_included_until_removed(
    clicks: list[AddressClick], data: st.DataObject
) -> None:
    by_address = ClicksByAddress()
    for each in clicks * 2:
        by_address.add(each)
    included = select_first_and_last(clicks)
    assert {each for ip in (HOME_IP, AZURE_IP) for each in by_address.get_clicks(ip)} == included
    removed = set(data.draw(st.lists(st.sampled_from(clicks)))) if clicks else set()
    assert {each for each in removed if by_address.remove(each)} == removed & included
    assert {each for ip in (HOME_IP, AZURE_IP) for each in by_address.get_clicks(ip)} == included - removed


@given(st.lists(click_strategy, max_size=80))
def test_nearest_clicks_give_the_same_signals_as_all(clicks: list[AddressClick]) -> None:
    by_address = ClicksByAddress(clicks)
    for target in clicks:
        if not target.tampered:
            own = [other for other in clicks if other.message_id == target.message_id]
            assert compute_signals(target, clicks) == compute_signals(target, [*own, *by_address.find_nearest(target)])


@given(st.lists(click_strategy, max_size=80))
def test_affected_messages_include_every_changed_signal(clicks: list[AddressClick]) -> None:
    by_address = ClicksByAddress()
    before: list[AddressClick] = []
    for new_click in clicks:
        by_address.add(new_click)
        affected_ids = {new_click.message_id, *(click.message_id for click in by_address.find_affected(new_click))}
        for target in before:
            if target.message_id and target.message_id not in affected_ids:
                assert compute_signals(target, before) == compute_signals(target, [*before, new_click])
        before.append(new_click)


def test_number_of_compared_clicks_is_bounded() -> None:
    by_address = ClicksByAddress(make_click(number / 20, f"{number}@a.example") for number in range(1_000))
    affected_ids = {click.message_id for click in by_address.find_affected(make_click(25.01, "new_click@a.example"))}
    near = set(by_address.find_nearest(make_click(25.01, "new_click@a.example")))
    assert (2 * (MAX_NEIGHBOURS_PER_SIDE + 1), 2 * MAX_NEIGHBOURS_PER_SIDE) == (len(affected_ids), len(near))


def test_first_clicks_of_an_interval_are_evidence_in_any_order() -> None:
    clicks = [make_click(number / 1_000, f"{number}@a.example") for number in range(3 * MAX_CLICKS_PER_INTERVAL)]
    expected = [*clicks[:MAX_CLICKS_PER_INTERVAL]]
    later = make_click(INTERVAL.total_seconds(), "later@a.example")
    for order in (clicks, clicks[::-1], [*clicks[1::2], *clicks[::2]]):
        by_address = ClicksByAddress([later, *order])
        by_address.remove(clicks[-1])
        assert list(by_address.get_clicks(HOME_IP)) == [*expected, later]


def test_compared_neighbours_exceed_every_count_that_a_rule_needs() -> None:
    thresholds = {rule.name: rule.thresholds for rule in CONTEXT.rules.rules}
    shared, datacentre = thresholds["shared-address"], thresholds["datacentre-shared-address"]
    counts = [
        *(shared[name] for name in ("min_recipients", "min_domains", "crowd_user_agents")),
        *(datacentre[name] for name in ("min_recipients", "min_domains")),
    ]
    assert max(counts) < MAX_NEIGHBOURS_PER_SIDE


def test_windows_around_clicks_do_not_overlap() -> None:
    clicks = [click(0), click(300), click(120), click(5, ip=AZURE_IP), click(5, ip="10.0.0.7")]
    expected = [
        (HOME_IP, noon_plus(0) - ACTIVITY_WINDOW, noon_plus(120) + ACTIVITY_WINDOW),
        (HOME_IP, noon_plus(300) - ACTIVITY_WINDOW, noon_plus(300) + ACTIVITY_WINDOW),
        (AZURE_IP, noon_plus(0) - ACTIVITY_WINDOW, noon_plus(5) + ACTIVITY_WINDOW),
    ]
    assert expected == list(build_address_windows(clicks))


@given(st.lists(st.integers(0, 600), min_size=1), st.integers(-100, 700))
def test_windows_cover_the_activity_window_from_the_start_of_an_interval(clicked: list[int], second: int) -> None:
    found = build_address_windows(click(seconds) for seconds in clicked)
    near = any(
        start_of_interval(noon_plus(seconds) - ACTIVITY_WINDOW)
        <= noon_plus(second)
        <= noon_plus(seconds) + ACTIVITY_WINDOW
        for seconds in clicked
    )
    assert near == any(since <= noon_plus(second) <= until for _, since, until in found)
