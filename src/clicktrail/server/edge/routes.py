"""Which request gets which answer, and when: that of a click leaves once the click is on disk."""

from collections.abc import Callable

from clicktrail.model.event import encode
from clicktrail.server.edge.responses import Response, Responses
from clicktrail.server.pipeline.redirect import Redirect, Redirector, Request
from clicktrail.server.ports import Clock, Ids, Journal

__all__ = ["Reply", "Routes"]

Reply = Callable[[Response], None]


class Routes:
    """Everything that the public port answers.

    Attributes:
        responses: the answers' bytes.
        unrecorded: clicks and damaged links since the start that were answered though they could not be recorded.
    """

    def __init__(
        self, *, redirector: Redirector, journal: Journal, clock: Clock, ids: Ids, responses: Responses
    ) -> None:
        self.responses = responses
        self.unrecorded = 0
        self._recording = True
        self._redirector = redirector
        self._journal = journal
        self._clock = clock
        self._ids = ids

    def answer(self, request: Request, reply: Reply) -> None:
        """Call ``reply`` once: now, or when the journal has told what became of the click."""
        readable = request.method in {"GET", "HEAD"}
        if request.path == "/healthz" and readable:
            reply(self._health())
        elif request.path == "/robots.txt" and readable:
            reply(self.responses.robots)
        else:
            self._follow(request, reply)

    def _follow(self, request: Request, reply: Reply) -> None:
        decision = self._redirector.decide(request, now=self._clock.now(), click_id=self._ids.new())
        if isinstance(decision, Redirect):
            response = self.responses.redirect(decision.location)
        else:
            response = self.responses.not_found
        if decision.event is None:
            reply(response)
            return
        line = encode(decision.event)
        self._journal.append(line, lambda committed: self._recorded(reply, response, committed=committed))

    def _recorded(self, reply: Reply, response: Response, *, committed: bool) -> None:
        """The reader goes on either way: a click that is lost to us must not be lost to them."""
        self._recording = committed
        self.unrecorded += not committed
        reply(response)

    def _health(self) -> Response:
        return self.responses.health(status="ok" if self._recording else "degraded", unrecorded=self.unrecorded)
