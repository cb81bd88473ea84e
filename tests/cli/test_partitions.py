from msgspec.structs import replace

from clicktrail.cli.partitions import open_partitions
from clicktrail.judge.evidence import AddressClick
from clicktrail.model.event import AnonymousClick
from tests.support.events import NOON, click, noon_plus, sent
from tests.support.judged_lines import click as click_on


def test_events_of_a_message_are_in_one_partition() -> None:
    events = [click_on(f"m{number % 50}", str(number)) for number in range(500)]
    with open_partitions() as sorted_:
        for event in events:
            sorted_.add(event)
        found = [events for events, _ in sorted_]
    places = {(event.message_id, place) for place, partition in enumerate(found) for event in partition}
    assert (50, 500) == (len(places), sum(map(len, found)))


def test_microseconds_are_kept() -> None:
    exact = click(0.123456)
    with open_partitions() as sorted_:
        sorted_.add(exact)
        assert [exact] == [event for events, _ in sorted_ for event in events]


def test_nearby_clicks_come_with_a_message() -> None:
    first, other, late = click_on("m1", "1"), click_on("m2", "2"), replace(click_on("m3", "3"), at=noon_plus(99_999))
    inside = [replace(one, id=f"proxied-{one.id}", ip="10.0.0.1") for one in (first, other)]
    with open_partitions() as sorted_:
        for event in (first, other, late, *inside):
            sorted_.add(event)
        found = {message: list(visits) for _, nearby in sorted_ for message, visits in nearby.items()}
    assert {"m1": [AddressClick.from_click(other)], "m2": [AddressClick.from_click(first)]} == found


def test_time_of_the_last_event() -> None:
    with open_partitions() as sorted_:
        for event in (sent(), click(9_000), click(40)):
            sorted_.add(event)
        assert noon_plus(9_000) == sorted_.last_event_at


def test_anonymous_clicks_are_separate() -> None:
    told = AnonymousClick(id="x", at=NOON, verdict="human")
    with open_partitions() as sorted_:
        sorted_.add(told)
        sorted_.add(told)
        assert ([told], []) == (list(sorted_.anonymous_clicks()), [event for events, _ in sorted_ for event in events])
