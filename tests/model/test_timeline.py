from msgspec.structs import replace

from clicktrail.model.event import Sent
from clicktrail.model.timeline import Timeline
from tests.support.events import click, delivered, engagement, noon_plus, sent, timeline


def test_order() -> None:
    told = timeline(click(5, id="b"), sent(), click(5, id="a"), delivered(1))
    assert ["sent", "delivered", "a", "b"] == [event.id for event in told.events]


def test_events_told_twice() -> None:
    assert timeline(sent(), click(5)) == timeline(sent(), click(5), sent(), click(5))


def test_with_events() -> None:
    assert timeline(sent(), delivered(1), click(5)) == timeline(click(5), sent()).with_events([delivered(1), sent()])


def test_kinds() -> None:
    told = timeline(sent(), click(5, id="c"), engagement("c"))
    assert ((told.events[1],), (told.events[2],)) == (told.clicks, told.engagements)


def test_arrival() -> None:
    assert [noon_plus(3), noon_plus(0), None] == [
        timeline(sent(), delivered(3)).arrived_at,
        timeline(sent()).arrived_at,
        timeline(click(5)).arrived_at,
    ]


def test_campaign_of_the_sending() -> None:
    assert ["spring", ""] == [
        timeline(replace(click(-1), campaign="autumn"), sent()).campaign,
        timeline(click(5), replace(sent(), campaign="")).campaign,
    ]


def test_campaign_without_a_sending() -> None:
    assert ["spring", ""] == [
        timeline(delivered(1), click(5), replace(click(6), campaign="autumn")).campaign,
        timeline(delivered(1)).campaign,
    ]


def test_nothing_known() -> None:
    empty = Timeline.from_events("m1", [])
    assert ((), (), None, None, "") == (empty.clicks, empty.engagements, empty.sent, empty.arrived_at, empty.campaign)


def test_first_sending_counts() -> None:
    again = Sent(id="esp", at=noon_plus(9), source="postmark", message_id="m1")
    assert sent() == timeline(again, sent()).sent
