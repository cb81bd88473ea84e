"""Which request gets which answer, and when: that of a click leaves once the click is on disk."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from importlib import resources
from time import perf_counter
from typing import Any

from msgspec.structs import replace

from clicktrail.model.event import AnonymousClick, Click, encode_event
from clicktrail.server.edge.pages import Site, Sites
from clicktrail.server.edge.responses import Response, Responses
from clicktrail.server.monitoring.metrics import HTTP_RESPONSE_SECONDS, Histogram
from clicktrail.server.pipeline.engagement import EngagementTracker
from clicktrail.server.pipeline.overrides import ActiveEdits, Gone
from clicktrail.server.pipeline.privacy import Anonymizer, HashedRecipients, has_opted_out
from clicktrail.server.pipeline.redirect import LookupRequired, NotFound, Redirect, Redirector, Unavailable
from clicktrail.server.pipeline.request import Request
from clicktrail.server.pipeline.tracking_domains import is_allowed_destination
from clicktrail.server.ports import Clock, IdGenerator, Journal

__all__ = ["BeaconEndpoint", "ResponseStats", "Routes", "SendResponse"]

# FOLDED beacon.py: What landing pages ask of the edge: the script ``/e.js``, and ``/e``, which takes what it
# has to tell.
#
# The script comes from another origin than the page, and needs no permission of CORS: it is a classic script,
# and its one
# message is plain text that it waits for no answer to, which browsers send without asking first.

_SCRIPT_PATH = "/e.js"
_BEACON_PATH = "/e"


class BeaconEndpoint:
    """The landing pages' end of the edge."""

    def __init__(self, engagements: EngagementTracker, *, journal: Journal, clock: Clock) -> None:
        self._engagements = engagements
        self._journal = journal
        self._clock = clock
        self._script_response = _make_script_response((resources.files("clicktrail.server.edge") / "e.js").read_bytes())
        self._accepted_response = Response(head=b"HTTP/1.1 204 No Content\r\nCache-Control: no-store\r\n")

    def answer(self, request: Request, *, excluded: Sequence[HashedRecipients]) -> Response | None:
        """The answer at once, or None for what is no landing page's business. Of some recipients nothing is recorded.

        ``/e`` is answered alike whatever it is told, so that nobody learns from it which clicks there were; and before
        it is on disk, since no page waits for it: a crash loses some milliseconds of engagement, never a click.
        """
        if request.path == _SCRIPT_PATH and request.method in {"GET", "HEAD"}:
            return self._script_response
        if request.path == _BEACON_PATH and request.method == "POST":
            engagement = self._engagements.parse_beacon(request, now=self._clock.now())
            if engagement and not any(engagement.recipient in marked for marked in excluded):
                self._journal.append(encode_event(engagement), lambda _committed: None)
            return self._accepted_response
        return None

    def build_location(self, redirect: Redirect, *, hosts: tuple[str, ...]) -> str:
        """Where to send the reader, with what the landing page is to know, if its host is one of these."""
        return self._engagements.add_click_fragment(redirect, hosts=hosts)


def _make_script_response(text: bytes) -> Response:
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


class ResponseStats:
    """Counts since the start.

    Attributes:
        duration_seconds: from requests to their answers.
    """

    __slots__ = ("_status_counts", "duration_seconds")

    def __init__(self) -> None:
        self.duration_seconds = Histogram(HTTP_RESPONSE_SECONDS.bounds)
        self._status_counts: defaultdict[bytes, int] = defaultdict(int)

    @property
    def status_counts(self) -> dict[str, int]:
        """Answers by their status, such as ``302``."""
        return {status.decode(): count for status, count in self._status_counts.items()}

    def record(self, response: Response, began: float) -> None:
        """Count an answer that leaves now.

        Written out where a call would do: this is on every click's way, and takes a third of a microsecond.

        Args:
            response: the answer; its status stands behind ``HTTP/1.1``.
            began: when its request was complete, by ``perf_counter``.
        """
        self._status_counts[response.head[9:12]] += 1
        seconds = perf_counter() - began
        histogram = self.duration_seconds
        histogram.counts[bisect_left(histogram.bounds, seconds)] += 1
        histogram.total += seconds


SendResponse = Callable[[Response], None]
Decision = Redirect | Gone | NotFound | Unavailable
FinishRequest = Callable[[Decision, Request, Site, SendResponse], None]


@dataclass(slots=True, kw_only=True)
class Routes:
    """Everything that the public port answers.

    Attributes:
        redirector: decides on tracking URLs.
        journal: where clicks and damaged links are recorded.
        clock: the time of day.
        ids: names of events.
        responses: the answers' bytes.
        create_task: lets a lookup run beside everything else, such as a task group's ``create_task``.
        sites: what each tracking domain shows and allows.
        anonymizer: what is recorded of readers who ask not to be tracked.
        overrides: what was changed about links after they were sent.
        erased: of whom nothing is recorded.
        denied: who said after a message was sent that they are not to be tracked.
        beacon: the landing pages' end, on those sites that have landing pages.
        stats: what was answered.
    """

    redirector: Redirector
    journal: Journal
    clock: Clock
    ids: IdGenerator
    responses: Responses
    create_task: Callable[[Coroutine[Any, Any, None]], object]
    sites: Sites
    anonymizer: Anonymizer
    overrides: ActiveEdits
    erased: HashedRecipients
    denied: HashedRecipients
    beacon: BeaconEndpoint
    stats: ResponseStats = field(default_factory=ResponseStats)

    def answer(self, request: Request, send: SendResponse) -> None:
        """Call ``send`` once: now, or when the journal has told what became of the click."""
        readable = request.method in {"GET", "HEAD"}
        if request.path == "/healthz" and readable:
            send(self._health_response())
            return
        site = self.sites.find(request.headers.get("host", ""))
        if site is None:
            send(self.sites.unknown_host(request.headers))
        elif readable and (answer := site.static_pages.get(request.path)) is not None:
            send(answer(request.headers))
        elif site.landing_hosts and (response := self._answer_beacon(request)) is not None:
            send(response)
        elif readable and request.path.endswith("+"):
            self._decide(replace(request, path=request.path[:-1]), site, send, self._show_about_page)
        else:
            self._decide(request, site, send, self._record_and_redirect)

    def _decide(self, request: Request, site: Site, send: SendResponse, finish: FinishRequest) -> None:
        decision = self.redirector.decide(request, now=self.clock.now(), click_id=self.ids.new())
        if isinstance(decision, LookupRequired):
            self.create_task(self._look_up(decision, request, site, send, finish))
        else:
            finish(decision, request, site, send)

    async def _look_up(
        self, lookup: LookupRequired, request: Request, site: Site, send: SendResponse, finish: FinishRequest
    ) -> None:
        finish(await self.redirector.look_up(lookup), request, site, send)

    def _record_and_redirect(self, decision: Decision, request: Request, site: Site, send: SendResponse) -> None:
        """Record what is to be recorded, and answer then."""
        decision = self._apply_overrides(decision, site)
        event = self._event_to_record(decision.event, site)
        if isinstance(decision, Redirect):
            location = decision.location
            if site.landing_hosts and event is decision.event:
                location = self.beacon.build_location(decision, hosts=site.landing_hosts)
            response = self.responses.redirect(location, site.redirect_headers)
        else:
            response = _error_page(decision, site, request)
        if event is None:
            send(response)
            return
        # The reader goes on either way: a click that is lost to us must not be lost to them.
        self.journal.append(encode_event(event), lambda _committed: send(response))

    def _show_about_page(self, decision: Decision, request: Request, site: Site, send: SendResponse) -> None:
        """Tell about a link. Whoever looks at it has not followed it, so that nothing is recorded."""
        decision = self._apply_overrides(decision, site)
        if isinstance(decision, Redirect):
            send(site.pages.about(decision, host=request.headers.get("host", ""), headers=request.headers))
        else:
            send(_error_page(decision, site, request))

    def _apply_overrides(self, decision: Decision, site: Site) -> Decision:
        """What has become of a link since it was sent, within what its domain allows."""
        if self.overrides and isinstance(decision, Redirect):
            decision = self.overrides.apply(decision, now=decision.event.at)
        if (
            site.restricts_destinations
            and isinstance(decision, Redirect)
            and not is_allowed_destination(site.destinations, decision.location)
        ):
            return Gone(event=decision.event)
        return decision

    def _event_to_record(self, event: Click | None, site: Site) -> Click | AnonymousClick | None:
        """What may be recorded."""
        if event is None or (self.erased and event.recipient in self.erased):
            return None
        if has_opted_out(event.headers) or (self.denied and event.recipient in self.denied):
            return self.anonymizer.anonymize(event) if site.recording.records_opted_out else None
        return event

    def _answer_beacon(self, request: Request) -> Response | None:
        """The answer to a landing page, if it is one that asks."""
        return self.beacon.answer(request, excluded=(self.erased, self.denied))

    def _health_response(self) -> Response:
        journal = self.journal
        return self.responses.health(
            status="degraded" if journal.is_degraded else "ok",
            failed=journal.failed_count,
            buffered=journal.buffered_count,
            dropped=journal.dropped_count,
        )


def _error_page(decision: Gone | NotFound | Unavailable, site: Site, request: Request) -> Response:
    """What to show to whom there is nowhere to send."""
    match decision:
        case Gone():
            return site.pages.ended(request.headers)
        case Unavailable():
            return site.pages.unavailable(request.headers)
        case NotFound():
            return site.pages.not_found(request.headers)
