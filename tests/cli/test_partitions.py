from clicktrail.cli.partitions import partitions
from clicktrail.model.event import AnonymousClick
from tests.clicks import NOON, after, click, sent
from tests.judged import click as click_on


def test_a_message_comes_back_in_one_piece() -> None:
    """All of its events in one partition, all events in some partition."""
    events = [click_on(f"m{number % 50}", str(number)) for number in range(500)]
    with partitions() as sorted_:
        for event in events:
            sorted_.add(event)
        found = [list(partition) for partition in sorted_]
    places = {(event.message_id, place) for place, partition in enumerate(found) for event in partition}
    assert (50, 500) == (len(places), sum(map(len, found)))


def test_times_keep_all_their_digits() -> None:
    """A burst is measured by them."""
    exact = click(0.123456)
    with partitions() as sorted_:
        sorted_.add(exact)
        assert [exact] == [event for partition in sorted_ for event in partition]


def test_the_last_event_is_known() -> None:
    """Whatever order they come in."""
    with partitions() as sorted_:
        for event in (sent(), click(9_000), click(40)):
            sorted_.add(event)
        assert after(9_000) == sorted_.latest


def test_anonymous_clicks_are_kept_apart() -> None:
    """Once each: they belong to no message."""
    told = AnonymousClick(id="x", at=NOON, verdict="human")
    with partitions() as sorted_:
        sorted_.add(told)
        sorted_.add(told)
        assert ([told], []) == (list(sorted_.anonymous()), [event for partition in sorted_ for event in partition])
