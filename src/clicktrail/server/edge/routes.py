"""Which request gets which answer, and when: that of a click leaves once the click is on disk."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from clicktrail.model.event import AnonymousClick, Click, encode
from clicktrail.server.edge.beacon import Beacon
from clicktrail.server.edge.responses import Response, Responses
from clicktrail.server.edge.sites import Site, Sites
from clicktrail.server.edge.tally import Tally
from clicktrail.server.pipeline.discretion import Discretion, asks_for_privacy
from clicktrail.server.pipeline.domains import allows
from clicktrail.server.pipeline.marks import Marked
from clicktrail.server.pipeline.overrides import Ended, Overrides
from clicktrail.server.pipeline.redirect import Lookup, NotFound, Redirect, Redirector, Request, Unavailable
from clicktrail.server.ports import Clock, Ids, Journal

__all__ = ["Reply", "Routes"]

Reply = Callable[[Response], None]
Decision = Redirect | Ended | NotFound | Unavailable
Settle = Callable[[Decision, Request, Site, Reply], None]


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
        sites: what each tracking domain shows and allows.
        discretion: what is recorded of readers who ask not to be tracked.
        overrides: what was changed about links after they were sent.
        erased: of whom nothing is recorded.
        denied: who said after a message was sent that they are not to be tracked.
        beacon: the landing pages' end, on those sites that have landing pages.
        tally: what was answered.
    """

    redirector: Redirector
    journal: Journal
    clock: Clock
    ids: Ids
    responses: Responses
    start: Callable[[Coroutine[Any, Any, None]], object]
    sites: Sites
    discretion: Discretion
    overrides: Overrides
    erased: Marked
    denied: Marked
    beacon: Beacon
    tally: Tally = field(default_factory=Tally)

    def answer(self, request: Request, reply: Reply) -> None:
        """Call ``reply`` once: now, or when the journal has told what became of the click."""
        readable = request.method in {"GET", "HEAD"}
        if request.path == "/healthz" and readable:
            reply(self._health())
            return
        site = self.sites.find(request.headers.get("host", ""))
        if site is None:
            reply(self.sites.elsewhere(request.headers))
        elif readable and (answer := site.fixed.get(request.path)) is not None:
            reply(answer(request.headers))
        elif site.landing_hosts and (response := self._told(request)) is not None:
            reply(response)
        elif readable and request.path.endswith("+"):
            self._decide(replace(request, path=request.path[:-1]), site, reply, self._explain)
        else:
            self._decide(request, site, reply, self._settle)

    def _decide(self, request: Request, site: Site, reply: Reply, settle: Settle) -> None:
        decision = self.redirector.decide(request, now=self.clock.now(), click_id=self.ids.new())
        if isinstance(decision, Lookup):
            self.start(self._look_up(decision, request, site, reply, settle))
        else:
            settle(decision, request, site, reply)

    async def _look_up(self, lookup: Lookup, request: Request, site: Site, reply: Reply, settle: Settle) -> None:
        settle(await self.redirector.look_up(lookup), request, site, reply)

    def _settle(self, decision: Decision, request: Request, site: Site, reply: Reply) -> None:
        """Record what is to be recorded, and answer then."""
        decision = self._in_force(decision, site)
        event = self._kept(decision.event, site)
        if isinstance(decision, Redirect):
            location = decision.location
            if site.landing_hosts and event is decision.event:
                location = self.beacon.location(decision, hosts=site.landing_hosts)
            response = self.responses.redirect(location, site.fields)
        else:
            response = _page_of(decision, site, request)
        if event is None:
            reply(response)
            return
        # The reader goes on either way: a click that is lost to us must not be lost to them.
        self.journal.append(encode(event), lambda _committed: reply(response))

    def _explain(self, decision: Decision, request: Request, site: Site, reply: Reply) -> None:
        """Tell about a link. Whoever looks at it has not followed it, so that nothing is recorded."""
        decision = self._in_force(decision, site)
        if isinstance(decision, Redirect):
            reply(site.pages.about(decision, host=request.headers.get("host", ""), headers=request.headers))
        else:
            reply(_page_of(decision, site, request))

    def _in_force(self, decision: Decision, site: Site) -> Decision:
        """What has become of a link since it was sent, within what its domain allows."""
        if self.overrides.any and isinstance(decision, Redirect):
            decision = self.overrides.apply(decision, now=decision.event.at)
        if site.confined and isinstance(decision, Redirect) and not allows(site.destinations, decision.location):
            return Ended(event=decision.event)
        return decision

    def _kept(self, event: Click | None, site: Site) -> Click | AnonymousClick | None:
        """What may be recorded."""
        if event is None or (self.erased.any and event.recipient in self.erased):
            return None
        if asks_for_privacy(event.headers) or (self.denied.any and event.recipient in self.denied):
            return self.discretion.kept(event) if site.records.opted_out else None
        return event

    def _told(self, request: Request) -> Response | None:
        """The answer to a landing page, if it is one that asks."""
        return self.beacon.answer(request, without=(self.erased, self.denied))

    def _health(self) -> Response:
        journal = self.journal
        return self.responses.health(
            status="degraded" if journal.in_trouble else "ok",
            failed=journal.failed,
            buffered=journal.buffered,
            let_go=journal.let_go,
        )


def _page_of(decision: Ended | NotFound | Unavailable, site: Site, request: Request) -> Response:
    """What to show to whom there is nowhere to send."""
    match decision:
        case Ended():
            return site.pages.ended(request.headers)
        case Unavailable():
            return site.pages.unavailable(request.headers)
        case NotFound():
            return site.pages.damaged(request.headers)
