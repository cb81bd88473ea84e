import asyncio
import dataclasses

from clicktrail.model.verdict import Verdict
from clicktrail.server.console.feed import MAX_QUEUED_CLICKS, ClickFeed, Subscription
from clicktrail.server.ports import JudgedMessage
from tests.support.judged_lines import click, make_judged_click, make_judged_message, sent


def message(name: str, *clicks: str, campaign: str = "spring") -> JudgedMessage:
    """A message that somebody clicked in."""
    told = [make_judged_click(click(name, each, campaign=campaign)) for each in clicks]
    return make_judged_message(sent(name, campaign=campaign), clicks=tuple(told))


def ids(listener: Subscription) -> list[str]:
    """The clicks that wait for somebody."""
    return [told.judged_click.click.id for told in listener.drain()]


async def test_clicks_are_heard_once_each_in_their_order() -> None:
    feed = ClickFeed()
    feed.on_stored([message("m0", "early")])
    with feed.subscribe(None) as listener:
        feed.on_stored([message("m1", "a", "b"), message("m2", "c")])
        feed.on_stored([message("m3", "d")])
        assert await listener.wait_for_change()
        first = ids(listener)
        feed.on_stored([message("m4", "e")])
        assert await listener.wait_for_change()
        assert (["m1-a", "m1-b", "m2-c", "m3-d"], ["m4-e"]) == (first, ids(listener))


async def test_a_listener_hears_of_one_campaign_where_they_say_so() -> None:
    feed = ClickFeed()
    with feed.subscribe("spring") as listener:
        feed.on_stored([message("m1", "a", campaign="autumn"), message("m2", "b")])
        assert [("spring", "m2-b")] == [(told.campaign, told.judged_click.click.id) for told in listener.drain()]


async def test_a_changed_verdict_tells_what_it_was_and_one_that_stands_is_no_news() -> None:
    feed = ClickFeed()
    changed = message("m1", "a", "b", "c")
    stood = zip(changed.clicks[1:], (Verdict.BOT, Verdict.HUMAN), strict=True)
    changed = dataclasses.replace(changed, previous_verdicts={of.click.id: before for of, before in stood})
    with feed.subscribe(None) as listener:
        feed.on_stored([changed])
        assert [("m1-a", None), ("m1-b", Verdict.BOT)] == [
            (told.judged_click.click.id, told.previous_verdict) for told in listener.drain()
        ]


async def test_who_is_slow_misses_the_oldest_and_is_told_how_many() -> None:
    feed = ClickFeed()
    with feed.subscribe(None) as listener:
        for number in range(3):
            feed.on_stored([message(f"m{number}", *map(str, range(MAX_QUEUED_CLICKS // 2)))])
        clicks = listener.drain()
        assert (MAX_QUEUED_CLICKS, MAX_QUEUED_CLICKS // 2) == (len(clicks), listener.dropped)
        assert {"m1", "m2"} == {told.judged_click.click.message_id for told in clicks}


async def test_whatever_was_stored_of_a_campaign_is_a_change() -> None:
    feed = ClickFeed()
    with feed.subscribe("spring") as listener:
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(listener.wait_for_change())
            feed.on_stored([message("m1", "a", campaign="autumn")])
            await asyncio.sleep(0)
            assert not waiting.done()
            feed.on_stored([message("m2")])
        assert (True, []) == (waiting.result(), listener.drain())


async def test_who_has_no_room_hears_of_changes_alone() -> None:
    feed = ClickFeed()
    with feed.subscribe(None, max_queue=0) as listener:
        feed.on_stored([message("m1", "a")])
        assert (True, [], 0) == (await listener.wait_for_change(), listener.drain(), listener.dropped)


async def test_nobody_waits_after_the_end() -> None:
    feed = ClickFeed()
    with feed.subscribe(None) as listener:
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(listener.wait_for_change())
            await asyncio.sleep(0)
            feed.close()
        assert not waiting.result()
    with feed.subscribe(None) as late:
        assert not await late.wait_for_change()
