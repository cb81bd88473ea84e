"""Which request gets which answer, and when: that of a click leaves once the click is on disk."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from importlib import resources
from time import perf_counter
from typing import Any

from msgspec.structs import replace

from clicktrail.model.event import AnonymousClick, Click, encode
from clicktrail.server.edge.pages import Site, Sites
from clicktrail.server.edge.responses import Response, Responses
from clicktrail.server.monitoring.metrics import ANSWER_SECONDS, Histogram
from clicktrail.server.pipeline.engagement import Engagements
from clicktrail.server.pipeline.overrides import Ended, Overrides
from clicktrail.server.pipeline.privacy import Discretion, Marked, asks_for_privacy
from clicktrail.server.pipeline.redirect import Lookup, NotFound, Redirect, Redirector, Unavailable
from clicktrail.server.pipeline.request import Request
from clicktrail.server.pipeline.tracking_domains import allows
from clicktrail.server.ports import Clock, Ids, Journal

__all__ = ["Beacon", "Reply", "Routes", "Tally"]

# FOLDED beacon.py: What landing pages ask of the edge: the script ``/e.js``, and ``/e``, which takes what it
# has to tell.
#
# The script comes from another origin than the page, and needs no permission of CORS: it is a classic script,
# and its one
# message is plain text that it waits for no answer to, which browsers send without asking first.

_SCRIPT_PATH = "/e.js"
_TARGET_PATH = "/e"


class Beacon:
    """The landing pages' end of the edge."""

    def __init__(self, engagements: Engagements, *, journal: Journal, clock: Clock) -> None:
        self._engagements = engagements
        self._journal = journal
        self._clock = clock
        self._script = _script((resources.files("clicktrail.server.edge") / "e.js").read_bytes())
        self._taken = Response(head=b"HTTP/1.1 204 No Content\r\nCache-Control: no-store\r\n")

    def answer(self, request: Request, *, without: Sequence[Marked]) -> Response | None:
        """The answer at once, or None for what is no landing page's business. Of some recipients nothing is recorded.

        ``/e`` is answered alike whatever it is told, so that nobody learns from it which clicks there were; and before
        it is on disk, since no page waits for it: a crash loses some milliseconds of engagement, never a click.
        """
        if request.path == _SCRIPT_PATH and request.method in {"GET", "HEAD"}:
            return self._script
        if request.path == _TARGET_PATH and request.method == "POST":
            engagement = self._engagements.read(request, now=self._clock.now())
            if engagement and not any(engagement.recipient in marked for marked in without):
                self._journal.append(encode(engagement), lambda _committed: None)
            return self._taken
        return None

    def location(self, redirect: Redirect, *, hosts: tuple[str, ...]) -> str:
        """Where to send the reader, with what the landing page is to know, if its host is one of these."""
        return self._engagements.location(redirect, hosts=hosts)


def _script(text: bytes) -> Response:
    fields = (
        "HTTP/1.1 200 OK\r\n"
        "Content-Type: text/javascript; charset=utf-8\r\n"
        "Cache-Control: public, max-age=3600\r\n"
        "Cross-Origin-Resource-Policy: cross-origin\r\n"  # for pages that demand it of all they load
        "X-Content-Type-Options: nosniff\r\n"
        f"Content-Length: {len(text)}\r\n"
    )
    return Response(head=fields.encode(), body=text)


# FOLDED tally.py: What a worker of the edge has answered, counted in plain numbers: a click has no time for
# more.


class Tally:
    """Counts since the start.

    Attributes:
        seconds: from requests to their answers.
    """

    __slots__ = ("_statuses", "seconds")

    def __init__(self) -> None:
        self.seconds = Histogram(ANSWER_SECONDS.bounds)
        self._statuses: defaultdict[bytes, int] = defaultdict(int)

    @property
    def statuses(self) -> dict[str, int]:
        """Answers by their status, such as ``302``."""
        return {status.decode(): count for status, count in self._statuses.items()}

    def count(self, response: Response, began: float) -> None:
        """Count an answer that leaves now.

        Written out where a call would do: this is on every click's way, and takes a third of a microsecond.

        Args:
            response: the answer; its status stands behind ``HTTP/1.1``.
            began: when its request was complete, by ``perf_counter``.
        """
        self._statuses[response.head[9:12]] += 1
        seconds = perf_counter() - began
        histogram = self.seconds
        histogram.counts[bisect_left(histogram.bounds, seconds)] += 1
        histogram.total += seconds


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
