from msgspec.structs import replace

from clicktrail.model.event import Sent
from clicktrail.model.timeline import Timeline
from tests.support.events import after, click, delivered, engagement, sent, timeline


def test_order() -> None:
    """Events stand in the order of time, and at one instant in that of their ids."""
    told = timeline(click(5, id="b"), sent(), click(5, id="a"), delivered(1))
    assert ["sent", "delivered", "a", "b"] == [event.id for event in told.events]


def test_events_told_twice() -> None:
    """An id stands once."""
    assert timeline(sent(), click(5)) == timeline(sent(), click(5), sent(), click(5))


def test_with_events() -> None:
    """Later news makes the timeline that all of it at once would have made."""
    assert timeline(sent(), delivered(1), click(5)) == timeline(click(5), sent()).with_events([delivered(1), sent()])


def test_kinds() -> None:
    """Clicks and engagements are told apart from the rest."""
    told = timeline(sent(), click(5, id="c"), engagement("c"))
    assert ((told.events[1],), (told.events[2],)) == (told.clicks, told.engagements)


def test_arrival() -> None:
    """A click is possible from the delivery on where it is known, else from the sending, else nobody knows."""
    assert [after(3), after(0), None] == [
        timeline(sent(), delivered(3)).arrived_at,
        timeline(sent()).arrived_at,
        timeline(click(5)).arrived_at,
    ]


def test_campaign_of_the_sending() -> None:
    """The sending says which campaign it was, whatever its events say, and even if it was none."""
    assert ["spring", ""] == [
        timeline(replace(click(-1), campaign="autumn"), sent()).campaign,
        timeline(click(5), replace(sent(), campaign="")).campaign,
    ]


def test_campaign_without_a_sending() -> None:
    """Otherwise the first event that names one does."""
    assert ["spring", ""] == [
        timeline(delivered(1), click(5), replace(click(6), campaign="autumn")).campaign,
        timeline(delivered(1)).campaign,
    ]


def test_nothing_known() -> None:
    """A message that nobody told of."""
    empty = Timeline.of("m1", [])
    assert ((), (), None, None, "") == (empty.clicks, empty.engagements, empty.sent, empty.arrived_at, empty.campaign)


def test_first_sending_counts() -> None:
    """Told of by ourselves and by an ESP, a message was sent when it was sent first."""
    again = Sent(id="esp", at=after(9), source="postmark", message_id="m1")
    assert sent() == timeline(again, sent()).sent
