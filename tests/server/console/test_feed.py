import asyncio
import dataclasses

from clicktrail.model.verdict import Verdict
from clicktrail.server.console.feed import ROOM, Feed, Listener
from clicktrail.server.ports import JudgedMessage
from tests.support.judged_lines import click, judged, sent, verdict


def message(name: str, *clicks: str, campaign: str = "spring") -> JudgedMessage:
    """A message that somebody clicked in."""
    told = [verdict(click(name, each, campaign=campaign)) for each in clicks]
    return judged(sent(name, campaign=campaign), clicks=tuple(told))


def ids(listener: Listener) -> list[str]:
    """The clicks that wait for somebody."""
    return [told.judged.click.id for told in listener.take()]


async def test_clicks_are_heard_once_each_in_their_order() -> None:
    feed = Feed()
    feed.stored([message("m0", "early")])
    with feed.listening(None) as listener:
        feed.stored([message("m1", "a", "b"), message("m2", "c")])
        feed.stored([message("m3", "d")])
        assert await listener.changed()
        first = ids(listener)
        feed.stored([message("m4", "e")])
        assert await listener.changed()
        assert (["m1-a", "m1-b", "m2-c", "m3-d"], ["m4-e"]) == (first, ids(listener))


async def test_a_listener_hears_of_one_campaign_where_they_say_so() -> None:
    feed = Feed()
    with feed.listening("spring") as listener:
        feed.stored([message("m1", "a", campaign="autumn"), message("m2", "b")])
        assert [("spring", "m2-b")] == [(told.campaign, told.judged.click.id) for told in listener.take()]


async def test_a_changed_verdict_tells_what_it_was_and_one_that_stands_is_no_news() -> None:
    feed = Feed()
    changed = message("m1", "a", "b", "c")
    stood = zip(changed.clicks[1:], (Verdict.BOT, Verdict.HUMAN), strict=True)
    changed = dataclasses.replace(changed, before={of.click.id: before for of, before in stood})
    with feed.listening(None) as listener:
        feed.stored([changed])
        assert [("m1-a", None), ("m1-b", Verdict.BOT)] == [
            (told.judged.click.id, told.before) for told in listener.take()
        ]


async def test_who_is_slow_misses_the_oldest_and_is_told_how_many() -> None:
    feed = Feed()
    with feed.listening(None) as listener:
        for number in range(3):
            feed.stored([message(f"m{number}", *map(str, range(ROOM // 2)))])
        clicks = listener.take()
        assert (ROOM, ROOM // 2) == (len(clicks), listener.missed)
        assert {"m1", "m2"} == {told.judged.click.message_id for told in clicks}


async def test_whatever_was_stored_of_a_campaign_is_a_change() -> None:
    feed = Feed()
    with feed.listening("spring") as listener:
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(listener.changed())
            feed.stored([message("m1", "a", campaign="autumn")])
            await asyncio.sleep(0)
            assert not waiting.done()
            feed.stored([message("m2")])
        assert (True, []) == (waiting.result(), listener.take())


async def test_who_has_no_room_hears_of_changes_alone() -> None:
    feed = Feed()
    with feed.listening(None, room=0) as listener:
        feed.stored([message("m1", "a")])
        assert (True, [], 0) == (await listener.changed(), listener.take(), listener.missed)


async def test_nobody_waits_after_the_end() -> None:
    feed = Feed()
    with feed.listening(None) as listener:
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(listener.changed())
            await asyncio.sleep(0)
            feed.end()
        assert not waiting.result()
    with feed.listening(None) as late:
        assert not await late.changed()
