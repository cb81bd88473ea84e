"""Live updates as server-sent events (WHATWG HTML, section 9.2): changes for pages, clicks for programs."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import msgspec
from litestar import get
from litestar.params import FromQuery
from litestar.response import ServerSentEvent, ServerSentEventMessage

from clicktrail.judge.rules import Rules
from clicktrail.server.api import schemas
from clicktrail.server.console.dependencies import ClickFeedDependency, ClockDependency, RulesDependency
from clicktrail.server.console.feed import ClickFeed, LiveClick, Subscription
from clicktrail.server.pipeline.queries import explain_click
from clicktrail.server.ports import Clock

_KEEPALIVE_INTERVAL_S: Final = 15.0
"""A write to a closed connection fails, so keep-alives detect clients that have disconnected."""
_MIN_CHANGE_INTERVAL_S: Final = 0.5
"""Least time between two change events: for each, a page is fetched again as a whole."""

_EventStream = AsyncIterator[ServerSentEventMessage]


@get("/live")
async def stream_changes(feed: ClickFeedDependency, campaign: FromQuery[str | None] = None) -> ServerSentEvent:
    """Stream an event without details whenever the page of one campaign, or of all, may have changed."""
    return ServerSentEvent(_generate_change_events(feed, campaign))


@get("/live")
async def stream_clicks(
    feed: ClickFeedDependency, rules: RulesDependency, clock: ClockDependency, campaign: FromQuery[str | None] = None
) -> ServerSentEvent:
    """Stream the clicks of one campaign, or of all, when they get a verdict or another one."""
    return ServerSentEvent(_generate_click_events(feed, campaign, rules, clock))


async def _generate_change_events(feed: ClickFeed, campaign: str | None) -> _EventStream:
    with feed.subscribe(campaign, queue_size=0) as subscription:  # notifications without clicks
        yield _create_keepalive()
        async for changed in _wait_for_changes(subscription):
            yield ServerSentEventMessage(event="change", data="true") if changed else _create_keepalive()
            await asyncio.sleep(_MIN_CHANGE_INTERVAL_S)


async def _generate_click_events(feed: ClickFeed, campaign: str | None, rules: Rules, clock: Clock) -> _EventStream:
    with feed.subscribe(campaign) as subscription:
        reported_dropped = 0
        yield _create_keepalive()
        async for _changed in _wait_for_changes(subscription):
            clicks = subscription.drain()
            if not clicks:
                yield _create_keepalive()
            if subscription.dropped > reported_dropped:
                yield ServerSentEventMessage(event="dropped", data=str(subscription.dropped - reported_dropped))
                reported_dropped = subscription.dropped
            for live_click in clicks:
                yield ServerSentEventMessage(event="click", data=_encode_live_click(live_click, rules, clock))


async def _wait_for_changes(subscription: Subscription) -> AsyncIterator[bool]:
    """Yield True when something was stored, and False on keep-alive timeout. End when the feed is closed."""
    while True:
        try:
            async with asyncio.timeout(_KEEPALIVE_INTERVAL_S):
                if not await subscription.wait_for_change():
                    return
            yield True
        except TimeoutError:
            yield False


def _encode_live_click(live_click: LiveClick, rules: Rules, clock: Clock) -> str:
    explained = explain_click(live_click.judged_click, rules=rules, now=clock.now())
    click = schemas.Click.from_live(
        explained, rules, campaign=live_click.campaign, previous_verdict=live_click.previous_verdict
    )
    return msgspec.json.encode(click).decode()


def _create_keepalive() -> ServerSentEventMessage:
    return ServerSentEventMessage(data=None, comment="listening")
