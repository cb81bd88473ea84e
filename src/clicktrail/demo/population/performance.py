"""Do at its time what was planned."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from clicktrail.demo.population.request import Actor, Request
from clicktrail.demo.population.truth import Answer

__all__ = ["perform"]


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
