"""Which request gets which answer, and when: that of a click leaves once the click is on disk."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from clicktrail.model.event import encode
from clicktrail.server.edge.beacon import Beacon
from clicktrail.server.edge.responses import Response, Responses
from clicktrail.server.pipeline.redirect import Lookup, NotFound, Redirect, Redirector, Request, Unavailable
from clicktrail.server.ports import Clock, Ids, Journal

__all__ = ["Reply", "Routes"]

Reply = Callable[[Response], None]


@dataclass(slots=True, kw_only=True)
class Routes:
    """Everything that the public port answers.

    Attributes:
        redirector: decides on tracking URLs.
        journal: where clicks and damaged links are recorded.
        clock: the time of day.
        ids: names of events.
        responses: the answers' bytes.
        start: lets a lookup run beside everything else, such as a task group's ``create_task``.
        beacon: the landing pages' end; None where no page tells anything.
    """

    redirector: Redirector
    journal: Journal
    clock: Clock
    ids: Ids
    responses: Responses
    start: Callable[[Coroutine[Any, Any, None]], object]
    beacon: Beacon | None = None

    def answer(self, request: Request, reply: Reply) -> None:
        """Call ``reply`` once: now, or when the journal has told what became of the click."""
        readable = request.method in {"GET", "HEAD"}
        if request.path == "/healthz" and readable:
            reply(self._health())
        elif request.path == "/robots.txt" and readable:
            reply(self.responses.robots)
        elif self.beacon is not None and (answer := self.beacon.answer(request)) is not None:
            reply(answer)
        else:
            self._follow(request, reply)

    def _follow(self, request: Request, reply: Reply) -> None:
        decision = self.redirector.decide(request, now=self.clock.now(), click_id=self.ids.new())
        if isinstance(decision, Lookup):
            self.start(self._look_up(decision, reply))
        else:
            self._settle(decision, reply)

    async def _look_up(self, lookup: Lookup, reply: Reply) -> None:
        self._settle(await self.redirector.look_up(lookup), reply)

    def _settle(self, decision: Redirect | NotFound | Unavailable, reply: Reply) -> None:
        if isinstance(decision, Redirect):
            location = decision.location if self.beacon is None else self.beacon.location(decision)
            response = self.responses.redirect(location)
        elif isinstance(decision, Unavailable):
            response = self.responses.unavailable
        else:
            response = self.responses.not_found
        if decision.event is None:
            reply(response)
            return
        # The reader goes on either way: a click that is lost to us must not be lost to them.
        self.journal.append(encode(decision.event), lambda _committed: reply(response))

    def _health(self) -> Response:
        journal = self.journal
        return self.responses.health(
            status="degraded" if journal.in_trouble else "ok",
            failed=journal.failed,
            buffered=journal.buffered,
            let_go=journal.let_go,
        )
