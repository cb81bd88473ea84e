"""Requests that actors plan for a message, their execution over HTTP, and the ground truth that results."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

from clicktrail.demo.population.draws import SeededRandom
from clicktrail.demo.population.received import MessageLinks

_SUCCESS_STATUSES: Final = range(200, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRequest:
    """One HTTP request for a link.

    Attributes:
        delay_s: seconds after delivery of the message.
        headers: all headers except ``host``, with lower-case names.
        loads_page: whether the client follows the redirect to the destination.
    """

    delay_s: float
    url: str
    ip: str
    headers: Mapping[str, str]
    method: str = "GET"
    is_human: bool = False
    loads_page: bool = False

    def repeat_after(self, seconds: float) -> Self:
        """Return the same request, sent later."""
        return replace(self, delay_s=self.delay_s + seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A kind of person or program that follows links; its name is the label in the ground truth."""

    name: str
    plan: Callable[[MessageLinks, SeededRandom], Iterator[PlannedRequest]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestResult:
    """A request that was sent, with the HTTP status of the first response; 0 if there was none."""

    recipient: str
    actor: str
    request: PlannedRequest
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundTruth:
    """Recipients with a person's click that got a response, and the number of requests of each actor."""

    clickers: frozenset[str]
    request_counts: Mapping[str, int]

    @classmethod
    def from_results(cls, results: Iterable[RequestResult]) -> Self:
        """Derive the ground truth from the requests that were sent."""
        all_results = list(results)
        return cls(
            clickers=frozenset(
                result.recipient
                for result in all_results
                if result.request.is_human and result.status in _SUCCESS_STATUSES
            ),
            request_counts=Counter(result.actor for result in all_results),
        )


async def execute_plan(
    plan: Iterable[tuple[Actor, PlannedRequest]],
    *,
    recipient: str,
    delivered_at: float,
    send: Callable[[PlannedRequest], Awaitable[int]],
) -> list[RequestResult]:
    """Send every request at its time; requests do not wait for each other.

    ``delivered_at`` is in seconds of the event loop's clock. ``send`` returns the first response's status; 0 if none.
    """
    loop = asyncio.get_running_loop()

    async def send_in_time(actor: Actor, request: PlannedRequest) -> RequestResult:
        await asyncio.sleep(delivered_at + request.delay_s - loop.time())
        return RequestResult(recipient=recipient, actor=actor.name, request=request, status=await send(request))

    async with asyncio.TaskGroup() as task_group:
        tasks = [task_group.create_task(send_in_time(actor, request)) for actor, request in plan]
    return [task.result() for task in tasks]
