"""Clicks as they are judged, as server-sent events (WHATWG HTML, section 9.2): for pages, and for programs."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import msgspec
from litestar import get
from litestar.params import FromQuery
from litestar.response import ServerSentEvent, ServerSentEventMessage

from clicktrail.judge.rules import Rules
from clicktrail.server.console.dependencies import GivenClock, GivenFeed, GivenRules
from clicktrail.server.console.feed import Feed, Listener, LiveClick
from clicktrail.server.pipeline.queries import described_click
from clicktrail.server.ports import Clock

__all__ = ["changes", "clicks"]

_SILENCE_S: Final = 15.0
"""How long nothing is said at most, so that whoever is gone is noticed."""
_APART_S: Final = 0.5
"""How far apart a page hears of changes: it asks for all of itself each time."""

_Events = AsyncIterator[ServerSentEventMessage]


@get("/live")
async def changes(feed: GivenFeed, campaign: FromQuery[str | None] = None) -> ServerSentEvent:
    """Tell a page whenever it may have changed: nothing more, however much that is."""
    return ServerSentEvent(_changes(feed, campaign))


@get("/live")
async def clicks(
    feed: GivenFeed, rules: GivenRules, clock: GivenClock, campaign: FromQuery[str | None] = None
) -> ServerSentEvent:
    """Tell a program of each click that gets a verdict from now on, or another one than before."""
    return ServerSentEvent(_clicks(feed, campaign, rules, clock))


async def _changes(feed: Feed, campaign: str | None) -> _Events:
    with feed.listening(campaign, room=0) as listener:
        yield _silence()
        async for changed in _turns(listener):
            yield ServerSentEventMessage(event="change", data="true") if changed else _silence()
            await asyncio.sleep(_APART_S)


async def _clicks(feed: Feed, campaign: str | None, rules: Rules, clock: Clock) -> _Events:
    with feed.listening(campaign) as listener:
        missed = 0
        yield _silence()
        async for _changed in _turns(listener):
            clicks = listener.take()
            if not clicks:
                yield _silence()
            if listener.missed > missed:
                yield ServerSentEventMessage(event="missed", data=str(listener.missed - missed))
                missed = listener.missed
            for told in clicks:
                yield ServerSentEventMessage(event="click", data=_described(told, rules, clock))


async def _turns(listener: Listener) -> AsyncIterator[bool]:
    """True whenever something was stored, False where nothing was for a while, until nothing more will come."""
    while True:
        try:
            async with asyncio.timeout(_SILENCE_S):
                if not await listener.changed():
                    return
            yield True
        except TimeoutError:
            yield False


def _described(told: LiveClick, rules: Rules, clock: Clock) -> str:
    click = described_click(told.judged, rules=rules, now=clock.now())
    before = told.before.value if told.before else None
    return msgspec.json.encode({"campaign": told.campaign, **click, "was": before}).decode()


def _silence() -> ServerSentEventMessage:
    return ServerSentEventMessage(data=None, comment="listening")
