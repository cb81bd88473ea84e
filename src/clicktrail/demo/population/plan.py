"""What one actor asks for, and when."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Self

from clicktrail.demo.population.draws import Chance
from clicktrail.demo.population.received import Letter

__all__ = ["Actor", "Answer", "Request", "Truth", "perform"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request for a link.

    Attributes:
        at: seconds after the message was delivered.
        url: what is asked for.
        ip: the client's address.
        headers: all that its program sends, lower-case names, without ``host``.
        method: ``GET`` or ``HEAD``.
        human: a person meant it.
        visits: whether the destination's page is loaded as well.
    """

    at: float
    url: str
    ip: str
    headers: Mapping[str, str]
    method: str = "GET"
    human: bool = False
    visits: bool = False

    def later(self, seconds: float) -> Self:
        """The same request again."""
        return replace(self, at=self.at + seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Someone or something that follows links.

    Attributes:
        name: what it is called beside the truth.
        plan: what it does with one letter.
    """

    name: str
    plan: Callable[[Letter, Chance], Iterator[Request]]


# FOLDED truth.py: What really happened, known to nobody but who made it happen.

_ANSWERED = range(200, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A request that was made.

    Attributes:
        recipient: whose message the link came from.
        actor: who asked.
        request: what was asked.
        status: the HTTP status of the first answer; 0 if there was none.
    """

    recipient: str
    actor: str
    request: Request
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Who really clicked.

    Attributes:
        clickers: recipients for whom a person followed a link and arrived.
        requests: how many requests each kind of actor made.
    """

    clickers: frozenset[str]
    requests: Mapping[str, int]

    @classmethod
    def of(cls, answers: Iterable[Answer]) -> Self:
        """Take it from what was made and answered."""
        known = list(answers)
        return cls(
            clickers=frozenset(
                answer.recipient for answer in known if answer.request.human and answer.status in _ANSWERED
            ),
            requests=Counter(answer.actor for answer in known),
        )


# FOLDED performance.py: Do at its time what was planned.


async def perform(
    plan: Iterable[tuple[Actor, Request]],
    *,
    recipient: str,
    delivered_at: float,
    send: Callable[[Request], Awaitable[int]],
) -> list[Answer]:
    """Make every request of a plan, those of the same moment at once.

    Args:
        plan: who asks for what, in any order.
        recipient: whose message it is about.
        delivered_at: when that message arrived, in seconds of the running event loop's clock.
        send: makes a request and gives the HTTP status of its first answer, 0 if there is none.
    """
    loop = asyncio.get_running_loop()

    async def act(actor: Actor, request: Request) -> Answer:
        await asyncio.sleep(delivered_at + request.at - loop.time())
        return Answer(recipient=recipient, actor=actor.name, request=request, status=await send(request))

    async with asyncio.TaskGroup() as acting:
        acts = [acting.create_task(act(actor, request)) for actor, request in plan]
    return [done.result() for done in acts]
