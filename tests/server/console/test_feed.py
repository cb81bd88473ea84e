import asyncio
import dataclasses

from clicktrail.model.verdict import Verdict
from clicktrail.server.console.feed import ROOM, LiveClicks
from clicktrail.server.ports import JudgedMessage
from tests.judged import click, judged, sent, verdict


def message(name: str, *clicks: str, campaign: str = "spring") -> JudgedMessage:
    """A message that somebody clicked in."""
    told = [verdict(click(name, each, campaign=campaign)) for each in clicks]
    return judged(sent(name, campaign=campaign), clicks=tuple(told))


async def test_clicks_are_heard_once_each_in_their_order() -> None:
    """All that were stored since one listened last, and none of before."""
    live = LiveClicks()
    live.stored([message("m0", "early")])
    with live.listening(None) as listener:
        live.stored([message("m1", "a", "b"), message("m2", "c")])
        live.stored([message("m3", "d")])
        first = await listener.heard()
        live.stored([message("m4", "e")])
        second = await listener.heard()
    ids = [[told.judged.click.id for told in heard] for heard in (first, second)]
    expected = [(("m1", "a"), ("m1", "b"), ("m2", "c"), ("m3", "d")), (("m4", "e"),)]
    assert [[click(name, each).id for name, each in told] for told in expected] == ids


async def test_a_listener_hears_of_one_campaign_where_they_say_so() -> None:
    """The message's campaign counts: a click itself may not know of it."""
    live = LiveClicks()
    with live.listening("spring") as listener:
        live.stored([message("m1", "a", campaign="autumn"), message("m2", "b")])
        heard = await listener.heard()
    assert [("spring", click("m2", "b").id)] == [(told.campaign, told.judged.click.id) for told in heard]


async def test_a_changed_verdict_tells_what_it_was() -> None:
    """A first verdict was nothing before."""
    live = LiveClicks()
    changed = message("m1", "a", "b")
    changed = dataclasses.replace(changed, before={changed.clicks[1].click.id: Verdict.BOT})
    with live.listening(None) as listener:
        live.stored([changed])
        assert [None, Verdict.BOT] == [told.before for told in await listener.heard()]


async def test_who_is_slow_misses_the_oldest_and_is_told_how_many() -> None:
    """What waits for a listener never grows without end."""
    live = LiveClicks()
    with live.listening(None) as listener:
        for number in range(3):
            live.stored([message(f"m{number}", *map(str, range(ROOM // 2)))])
        heard = await listener.heard()
        assert (ROOM, ROOM // 2) == (len(heard), listener.missed)
        assert {"m1", "m2"} == {told.judged.click.message_id for told in heard}


async def test_listeners_wait_until_there_is_something_or_the_end() -> None:
    """Neither wakes anybody for nothing; after the end nobody waits any more."""
    live = LiveClicks()
    with live.listening("spring") as listener:
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(listener.heard())
            live.stored([message("m1", "a", campaign="autumn"), message("m2")])
            await asyncio.sleep(0)
            assert not waiting.done()
            live.end()
        assert [] == await waiting
    with live.listening(None) as late:
        assert [] == await late.heard()
