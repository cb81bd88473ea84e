import asyncio
import dataclasses

from clicktrail.model.verdict import Verdict
from clicktrail.server.console.feed import MAX_QUEUED_CLICKS, ClickFeed, Subscription
from clicktrail.server.ports import JudgedMessage
from tests.support.judged_lines import click, make_judged_click, make_judged_message, sent


def message(name: str, *clicks: str, campaign: str = "spring") -> JudgedMessage:
    """A message with clicks."""
    judged_clicks = [make_judged_click(click(name, number, campaign=campaign)) for number in clicks]
    return make_judged_message(sent(name, campaign=campaign), clicks=tuple(judged_clicks))


def drain_ids(subscription: Subscription) -> list[str]:
    return [live_click.judged_click.click.id for live_click in subscription.drain()]


async def test_subscriber_gets_each_click_once_in_order() -> None:
    feed = ClickFeed()
    feed.on_stored([message("m0", "early")])
    with feed.subscribe(None) as subscription:
        feed.on_stored([message("m1", "a", "b"), message("m2", "c")])
        feed.on_stored([message("m3", "d")])
        assert await subscription.wait_for_change()
        first = drain_ids(subscription)
        feed.on_stored([message("m4", "e")])
        assert await subscription.wait_for_change()
        assert (first, drain_ids(subscription)) == (["m1-a", "m1-b", "m2-c", "m3-d"], ["m4-e"])


async def test_subscription_to_one_campaign_skips_others() -> None:
    feed = ClickFeed()
    with feed.subscribe("spring") as subscription:
        feed.on_stored([message("m1", "a", campaign="autumn"), message("m2", "b")])
        assert [(live_click.campaign, live_click.judged_click.click.id) for live_click in subscription.drain()] == [
            ("spring", "m2-b")
        ]


async def test_changed_verdict_is_published_with_the_previous_one() -> None:
    feed = ClickFeed()
    changed = message("m1", "a", "b", "c")
    changed = dataclasses.replace(changed, previous_verdicts={"m1-b": Verdict.BOT, "m1-c": Verdict.HUMAN})
    with feed.subscribe(None) as subscription:
        feed.on_stored([changed])
        assert [
            (live_click.judged_click.click.id, live_click.previous_verdict) for live_click in subscription.drain()
        ] == [("m1-a", None), ("m1-b", Verdict.BOT)]


async def test_oldest_clicks_of_a_slow_subscriber_are_dropped_and_counted() -> None:
    feed = ClickFeed()
    with feed.subscribe(None) as subscription:
        for number in range(3):
            feed.on_stored([message(f"m{number}", *map(str, range(MAX_QUEUED_CLICKS // 2)))])
        clicks = subscription.drain()
        assert (len(clicks), subscription.dropped) == (MAX_QUEUED_CLICKS, MAX_QUEUED_CLICKS // 2)
        assert {live_click.judged_click.click.message_id for live_click in clicks} == {"m1", "m2"}


async def test_message_without_clicks_is_a_change() -> None:
    feed = ClickFeed()
    with feed.subscribe("spring") as subscription:
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(subscription.wait_for_change())
            feed.on_stored([message("m1", "a", campaign="autumn")])
            await asyncio.sleep(0)
            assert not waiting.done()
            feed.on_stored([message("m2")])
        assert (waiting.result(), subscription.drain()) == (True, [])


async def test_subscription_without_queue_is_notified_of_changes_only() -> None:
    feed = ClickFeed()
    with feed.subscribe(None, queue_size=0) as subscription:
        feed.on_stored([message("m1", "a")])
        assert (await subscription.wait_for_change(), subscription.drain(), subscription.dropped) == (True, [], 0)


async def test_closed_feed_ends_waiting() -> None:
    feed = ClickFeed()
    with feed.subscribe(None) as subscription:
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(subscription.wait_for_change())
            await asyncio.sleep(0)
            feed.close()
        assert not waiting.result()
    with feed.subscribe(None) as late_subscription:
        assert not await late_subscription.wait_for_change()
