"""Clicks as they are judged, as server-sent events (WHATWG HTML, section 9.2): for pages, and for programs."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import msgspec
from litestar import get
from litestar.params import FromQuery
from litestar.response import ServerSentEvent, ServerSentEventMessage

from clicktrail.judge.rules import Rules
from clicktrail.server.console.dependencies import ClickFeedDependency, ClockDependency, RulesDependency
from clicktrail.server.console.feed import ClickFeed, LiveClick, Subscription
from clicktrail.server.pipeline.queries import click_as_json
from clicktrail.server.ports import Clock

__all__ = ["stream_changes", "stream_clicks"]

_KEEPALIVE_INTERVAL_S: Final = 15.0
"""How long nothing is said at most, so that whoever is gone is noticed."""
_MIN_CHANGE_INTERVAL_S: Final = 0.5
"""How far apart a page hears of changes: it asks for all of itself each time."""

_EventStream = AsyncIterator[ServerSentEventMessage]


@get("/live")
async def stream_changes(feed: ClickFeedDependency, campaign: FromQuery[str | None] = None) -> ServerSentEvent:
    """Tell a page whenever it may have changed: nothing more, however much that is."""
    return ServerSentEvent(_generate_change_events(feed, campaign))


@get("/live")
async def stream_clicks(
    feed: ClickFeedDependency, rules: RulesDependency, clock: ClockDependency, campaign: FromQuery[str | None] = None
) -> ServerSentEvent:
    """Tell a program of each click that gets a verdict from now on, or another one than before."""
    return ServerSentEvent(_generate_click_events(feed, campaign, rules, clock))


async def _generate_change_events(feed: ClickFeed, campaign: str | None) -> _EventStream:
    with feed.subscribe(campaign, max_queue=0) as listener:
        yield _create_keepalive()
        async for changed in _wait_for_changes(listener):
            yield ServerSentEventMessage(event="change", data="true") if changed else _create_keepalive()
            await asyncio.sleep(_MIN_CHANGE_INTERVAL_S)


async def _generate_click_events(feed: ClickFeed, campaign: str | None, rules: Rules, clock: Clock) -> _EventStream:
    with feed.subscribe(campaign) as listener:
        missed = 0
        yield _create_keepalive()
        async for _changed in _wait_for_changes(listener):
            clicks = listener.drain()
            if not clicks:
                yield _create_keepalive()
            if listener.dropped > missed:
                yield ServerSentEventMessage(event="missed", data=str(listener.dropped - missed))
                missed = listener.dropped
            for told in clicks:
                yield ServerSentEventMessage(event="click", data=_encode_live_click(told, rules, clock))


async def _wait_for_changes(subscription: Subscription) -> AsyncIterator[bool]:
    """True whenever something was stored, False where nothing was for a while, until nothing more will come."""
    while True:
        try:
            async with asyncio.timeout(_KEEPALIVE_INTERVAL_S):
                if not await subscription.wait_for_change():
                    return
            yield True
        except TimeoutError:
            yield False


def _encode_live_click(live_click: LiveClick, rules: Rules, clock: Clock) -> str:
    click = click_as_json(live_click.judged_click, rules=rules, now=clock.now())
    before = live_click.previous_verdict.value if live_click.previous_verdict else None
    return msgspec.json.encode({"campaign": live_click.campaign, **click, "was": before}).decode()


def _create_keepalive() -> ServerSentEventMessage:
    return ServerSentEventMessage(data=None, comment="listening")
