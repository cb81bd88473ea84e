"""What one actor asks for, and when."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Self

from clicktrail.demo.population.draws import SeededRandom
from clicktrail.demo.population.received import MessageLinks

__all__ = ["Actor", "GroundTruth", "PlannedRequest", "RequestResult", "execute_plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRequest:
    """One HTTP request for a link.

    Attributes:
        delay_s: seconds after the message was delivered.
        url: what is asked for.
        ip: the client's address.
        headers: all that its program sends, lower-case names, without ``host``.
        method: ``GET`` or ``HEAD``.
        is_human: a person meant it.
        loads_page: whether the destination's page is loaded as well.
    """

    delay_s: float
    url: str
    ip: str
    headers: Mapping[str, str]
    method: str = "GET"
    is_human: bool = False
    loads_page: bool = False

    def repeat_after(self, seconds: float) -> Self:
        """The same request again."""
        return replace(self, delay_s=self.delay_s + seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Someone or something that follows links.

    Attributes:
        name: what it is called beside the truth.
        plan: what it does with one letter.
    """

    name: str
    plan: Callable[[MessageLinks, SeededRandom], Iterator[PlannedRequest]]


# FOLDED truth.py: What really happened, known to nobody but who made it happen.

_SUCCESS_STATUSES = range(200, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestResult:
    """A request that was made.

    Attributes:
        recipient: whose message the link came from.
        actor: who asked.
        request: what was asked.
        status: the HTTP status of the first answer; 0 if there was none.
    """

    recipient: str
    actor: str
    request: PlannedRequest
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundTruth:
    """Who really clicked.

    Attributes:
        clickers: recipients for whom a person followed a link and arrived.
        request_counts: how many requests each kind of actor made.
    """

    clickers: frozenset[str]
    request_counts: Mapping[str, int]

    @classmethod
    def from_results(cls, results: Iterable[RequestResult]) -> Self:
        """Take it from what was made and answered."""
        known = list(results)
        return cls(
            clickers=frozenset(
                answer.recipient for answer in known if answer.request.is_human and answer.status in _SUCCESS_STATUSES
            ),
            request_counts=Counter(answer.actor for answer in known),
        )


# FOLDED performance.py: Do at its time what was planned.


async def execute_plan(
    plan: Iterable[tuple[Actor, PlannedRequest]],
    *,
    recipient: str,
    delivered_at: float,
    send: Callable[[PlannedRequest], Awaitable[int]],
) -> list[RequestResult]:
    """Make every request of a plan, those of the same moment at once.

    Args:
        plan: who asks for what, in any order.
        recipient: whose message it is about.
        delivered_at: when that message arrived, in seconds of the running event loop's clock.
        send: makes a request and gives the HTTP status of its first answer, 0 if there is none.
    """
    loop = asyncio.get_running_loop()

    async def act(actor: Actor, request: PlannedRequest) -> RequestResult:
        await asyncio.sleep(delivered_at + request.delay_s - loop.time())
        return RequestResult(recipient=recipient, actor=actor.name, request=request, status=await send(request))

    async with asyncio.TaskGroup() as acting:
        acts = [acting.create_task(act(actor, request)) for actor, request in plan]
    return [done.result() for done in acts]
