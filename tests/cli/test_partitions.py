from msgspec.structs import replace

from clicktrail.cli.partitions import open_partitions
from clicktrail.judge.evidence import AddressClick
from clicktrail.model.event import AnonymousClick
from tests.support.events import NOON, click, noon_plus, sent
from tests.support.judged_lines import click as click_on


def test_events_of_a_message_are_in_one_partition() -> None:
    events = [click_on(f"m{number % 50}", str(number)) for number in range(500)]
    with open_partitions() as partitions:
        for event in events:
            partitions.add(event)
        partitions_read = [events for events, _ in partitions]
    locations = {(event.message_id, index) for index, partition in enumerate(partitions_read) for event in partition}
    assert (50, 500) == (len(locations), sum(map(len, partitions_read)))


def test_microseconds_are_kept() -> None:
    exact = click(0.123456)
    with open_partitions() as partitions:
        partitions.add(exact)
        assert [exact] == [event for events, _ in partitions for event in events]


def test_nearby_clicks_come_with_a_message() -> None:
    first, other, late = click_on("m1", "1"), click_on("m2", "2"), replace(click_on("m3", "3"), at=noon_plus(99_999))
    private_clicks = [replace(click_, id=f"proxied-{click_.id}", ip="10.0.0.1") for click_ in (first, other)]
    with open_partitions() as partitions:
        for event in (first, other, late, *private_clicks):
            partitions.add(event)
        partitions_read = {message: list(clicks) for _, nearby in partitions for message, clicks in nearby.items()}
    assert {"m1": [AddressClick.from_click(other)], "m2": [AddressClick.from_click(first)]} == partitions_read


def test_time_of_the_last_event() -> None:
    with open_partitions() as partitions:
        for event in (sent(), click(9_000), click(40)):
            partitions.add(event)
        assert noon_plus(9_000) == partitions.last_event_at


def test_anonymous_clicks_are_separate() -> None:
    anonymous_click = AnonymousClick(id="x", at=NOON, verdict="human")
    with open_partitions() as partitions:
        partitions.add(anonymous_click)
        partitions.add(anonymous_click)
        assert ([anonymous_click], []) == (
            list(partitions.anonymous_clicks()),
            [event for events, _ in partitions for event in events],
        )


def test_activity_of_an_address_over_all_messages() -> None:
    with open_partitions() as partitions:
        for number in range(4):
            partitions.add(replace(click(40 + 900 * number), message_id=f"m{number}", recipient=f"p@{number}.example"))
        (activity,) = partitions.summarize_activity().values()
        assert sum(len(events) for events, _ in partitions) == 4
    ((_, source),) = activity.sources.items()
    assert (source.recipients, source.companies, source.early_share) == (4, 4, 0)
