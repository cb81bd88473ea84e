"""Clicks as they are judged, as server-sent events (WHATWG HTML, section 9.2): for pages, and for programs."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec
from litestar import get
from litestar.params import FromQuery
from litestar.response import ServerSentEvent, ServerSentEventMessage

from clicktrail.judge.rules import Rules
from clicktrail.server.console.feed import LiveClick, LiveClicks
from clicktrail.server.console.given import GivenClock, GivenLive, GivenRules
from clicktrail.server.pipeline.clicks import described_click
from clicktrail.server.ports import Clock

__all__ = ["changes", "clicks"]

_SILENCE_S: Final = 15.0
"""How long nothing is said at most, so that whoever is gone is noticed."""
_APART_S: Final = 0.5
"""How far apart a page hears of changes: it asks for all of itself each time."""

_Events = AsyncIterator[ServerSentEventMessage]


@get("/live")
async def changes(live: GivenLive, campaign: FromQuery[str | None] = None) -> ServerSentEvent:
    """Tell a page whenever it has changed: nothing more, however many clicks that were."""
    return ServerSentEvent(_changes(live, campaign))


@get("/live")
async def clicks(
    live: GivenLive, rules: GivenRules, clock: GivenClock, campaign: FromQuery[str | None] = None
) -> ServerSentEvent:
    """Tell a program of each click that gets a verdict from now on, or another one than before."""
    return ServerSentEvent(_clicks(live, campaign, rules, clock))


async def _changes(live: LiveClicks, campaign: str | None) -> _Events:
    async for heard, _missed in _heard(live, campaign):
        if not heard:
            yield _silence()
            continue
        yield ServerSentEventMessage(event="change", data=str(len(heard)))
        await asyncio.sleep(_APART_S)


async def _clicks(live: LiveClicks, campaign: str | None, rules: Rules, clock: Clock) -> _Events:
    async for heard, missed in _heard(live, campaign):
        if not heard:
            yield _silence()
        if missed:
            yield ServerSentEventMessage(event="missed", data=str(missed))
        for told in heard:
            yield ServerSentEventMessage(event="click", data=_described(told, rules, clock))


async def _heard(live: LiveClicks, campaign: str | None) -> AsyncIterator[tuple[Sequence[LiveClick], int]]:
    """Clicks, and how many were missed before them; no clicks now and then, where there are none."""
    with live.listening(campaign) as listener:
        missed = 0
        yield [], 0
        while True:
            try:
                async with asyncio.timeout(_SILENCE_S):
                    heard = await listener.heard()
            except TimeoutError:
                yield [], 0
                continue
            if not heard:
                return
            yield heard, listener.missed - missed
            missed = listener.missed


def _described(told: LiveClick, rules: Rules, clock: Clock) -> str:
    click = described_click(told.judged, rules=rules, now=clock.now())
    before = told.before.value if told.before else None
    return msgspec.json.encode({"campaign": told.campaign, **click, "was": before}).decode()


def _silence() -> ServerSentEventMessage:
    return ServerSentEventMessage(data=None, comment="listening")
