"""Decide on the response to each request. A click is answered once it is on disk.

`Sites` finds the tracking domain of a request. Redirects, pages and ``/healthz`` are in `Routes`, the script and the
beacon of landing pages in `BeaconEndpoint`.
"""

import dataclasses
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from time import perf_counter
from typing import Any
from urllib.parse import parse_qs

import structlog
from msgspec.structs import replace

from clicktrail.model.event import AnonymousClick, Click, encode_event
from clicktrail.model.tracking_domain import ServedDomain, TrackingDomain
from clicktrail.server.edge.pages import Pages, RecordingOptions
from clicktrail.server.edge.responses import Response, Responses, make_response
from clicktrail.server.monitoring.metrics import HTTP_RESPONSE_SECONDS, Histogram
from clicktrail.server.pipeline.engagement import EngagementTracker
from clicktrail.server.pipeline.failed_tokens import FailedTokenLimiter
from clicktrail.server.pipeline.privacy import Anonymizer, HashedRecipients, has_opted_out
from clicktrail.server.pipeline.redirect import (
    ActiveEdits,
    Gone,
    LookupRequired,
    NotFound,
    Redirect,
    Redirector,
    Unavailable,
)
from clicktrail.server.pipeline.request import Request
from clicktrail.server.pipeline.tracking_domains import is_allowed_destination
from clicktrail.server.ports import Clock, IdGenerator, Journal
from clicktrail.tokens import EDGE_PROOF_PATH, EdgeProof

_LOG = structlog.get_logger(component="edge")

SendResponse = Callable[[Response], None]
Decision = Redirect | Gone | NotFound | Unavailable
_FAILED_DECISIONS = (NotFound, Unavailable)

_ASK_PATH = "/ask"
"""Where our own TLS proxy asks whether a host is a tracking domain, before it gets a certificate for it."""
_SCRIPT_PATH = "/e.js"
_BEACON_PATH = "/e"
_SECONDS_PER_DAY = 86_400
_JSON_HEADERS = "Content-Type: application/json\r\nCache-Control: public, max-age=3600\r\n"
_PLAIN_TEXT_HEADERS = "Content-Type: text/plain\r\nCache-Control: no-store\r\n"
_ROBOTS_TXT = b"User-agent: *\nDisallow: /\n"
_GPC_JSON = b'{"gpc":true,"lastUpdate":"2026-11-23"}\n'
"""Declares support of Global Privacy Control: https://w3c.github.io/gpc/#gpc-support-resource. The date is that of the
last change to how it is honoured."""
_WELL_KNOWN_PATHS = {
    "apple_app_site_association": "/.well-known/apple-app-site-association",
    "assetlinks": "/.well-known/assetlinks.json",
}
_DEFAULT_RECORDING = RecordingOptions()

RenderPage = Callable[[Mapping[str, str]], Response]
"""Returns a page for the headers of a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything that requests to one tracking domain need.

    Attributes:
        static_pages: pages that need no token, by path.
        landing_hosts: hosts of landing pages that report engagement; if empty, the domain serves no script and beacon.
    """

    recording: RecordingOptions
    pages: Pages
    static_pages: Mapping[str, RenderPage]
    redirect_headers: bytes
    destinations: tuple[str, ...]
    restricts_destinations: bool
    landing_hosts: tuple[str, ...]

    @classmethod
    def from_domain(
        cls, domain: TrackingDomain, recording: RecordingOptions, landing_hosts: tuple[str, ...] = ()
    ) -> "Site":
        """Prepare a site; ``recording`` and ``landing_hosts`` apply where the domain does not set its own."""
        hsts = (
            f"Strict-Transport-Security: max-age={domain.hsts_days * _SECONDS_PER_DAY}\r\n" if domain.hsts_days else ""
        )
        if domain.opted_out:
            recording = dataclasses.replace(recording, records_opted_out=domain.opted_out != "none")
        pages = Pages(domain, recording=recording, headers=hsts)
        files = {
            "/robots.txt": make_response("200 OK", "Content-Type: text/plain\r\n" + hsts, _ROBOTS_TXT),
            "/.well-known/gpc.json": make_response("200 OK", _JSON_HEADERS + hsts, _GPC_JSON),
        }
        for name, path in _WELL_KNOWN_PATHS.items():
            if text := getattr(domain, name):
                files[path] = make_response("200 OK", _JSON_HEADERS + hsts, text.encode())
        return cls(
            recording=recording,
            pages=pages,
            static_pages={"/": pages.home} | {path: _make_constant_renderer(file) for path, file in files.items()},
            redirect_headers=hsts.encode(),
            destinations=domain.destinations,
            restricts_destinations="*" not in domain.destinations,
            landing_hosts=landing_hosts if domain.engagement_hosts is None else domain.engagement_hosts,
        )


class Sites:
    """The sites of all tracking domains, by host.

    Args:
        domains: tracking domains; if there are none, one site serves every host.
        recording: what is recorded, unless a domain sets its own.
        landing_hosts: hosts of landing pages that report engagement, unless a domain sets its own.
    """

    def __init__(
        self,
        domains: Sequence[TrackingDomain] = (),
        *,
        recording: RecordingOptions = _DEFAULT_RECORDING,
        landing_hosts: tuple[str, ...] = (),
    ) -> None:
        default_site = Site.from_domain(TrackingDomain(), recording, landing_hosts)
        self.unknown_host = default_site.pages.unknown_host
        self._by_host = {domain.host: Site.from_domain(domain, recording, landing_hosts) for domain in domains}
        self._catch_all = None if domains else default_site

    def find(self, host: str) -> Site | None:
        """Find the site for a ``Host`` header; None if the host is not a tracking domain."""
        return self._catch_all or self._by_host.get(host) or self._by_host.get(_normalize_host(host))


FinishRequest = Callable[[Decision, Request, Site, SendResponse], None]


class ResponseStats:
    """Counts of a worker's responses since its start.

    Attributes:
        duration_seconds: histogram of the times from a complete request to its response.
    """

    __slots__ = ("_status_counts", "duration_seconds")

    def __init__(self) -> None:
        self.duration_seconds = Histogram(HTTP_RESPONSE_SECONDS.bounds)
        self._status_counts: defaultdict[bytes, int] = defaultdict(int)

    @property
    def status_counts(self) -> dict[str, int]:
        """Number of responses by status code, such as ``302``."""
        return {status.decode(): count for status, count in self._status_counts.items()}

    def record(self, status: bytes, started_at: float) -> None:
        """Count a response that is sent now; its request was complete at ``started_at`` by ``perf_counter``.

        `Histogram.observe` is inlined: every click takes this path, and it costs a third of a microsecond.
        """
        self._status_counts[status] += 1
        seconds = perf_counter() - started_at
        histogram = self.duration_seconds
        histogram.counts[bisect_left(histogram.bounds, seconds)] += 1
        histogram.total += seconds


class BeaconEndpoint:
    """Serve the landing page script ``/e.js``, and take the beacons that it sends to ``/e``.

    The page loads the script from another origin. That needs no CORS: it is a classic script, and it sends plain text
    without reading the response.
    """

    def __init__(self, engagements: EngagementTracker, *, journal: Journal, clock: Clock) -> None:
        self._engagements = engagements
        self._journal = journal
        self._clock = clock
        self._script_response = _make_script_response((resources.files("clicktrail.server.edge") / "e.js").read_bytes())
        self._accepted_response = Response(head=b"HTTP/1.1 204 No Content\r\nCache-Control: no-store\r\n")

    def answer(self, request: Request, *, excluded: Sequence[HashedRecipients]) -> Response | None:
        """Respond to a landing page; None for all other requests.

        Every beacon (``/e``) gets the same response, which does not reveal whether the click exists. The response does
        not wait for the disk: a crash can lose some milliseconds of engagement, but no click.
        """
        if request.path == _SCRIPT_PATH and request.method in {"GET", "HEAD"}:
            return self._script_response
        if request.path == _BEACON_PATH and request.method == "POST":
            engagement = self._engagements.parse_beacon(request, now=self._clock.now())
            if engagement and not any(engagement.recipient in recipients for recipients in excluded):
                self._journal.append(encode_event(engagement), lambda _committed: None)
            return self._accepted_response
        return None

    def build_location(self, redirect: Redirect, *, hosts: tuple[str, ...]) -> str:
        """Location of a redirect, with the click as its fragment if the landing page is on one of ``hosts``."""
        return self._engagements.add_click_fragment(redirect, hosts=hosts)


def _make_script_response(text: bytes) -> Response:
    head = (
        "HTTP/1.1 200 OK\r\n"
        "Content-Type: text/javascript; charset=utf-8\r\n"
        "Cache-Control: public, max-age=3600\r\n"
        "Cross-Origin-Resource-Policy: cross-origin\r\n"  # for pages with Cross-Origin-Embedder-Policy
        "X-Content-Type-Options: nosniff\r\n"
        f"Content-Length: {len(text)}\r\n"
    )
    return Response(head=head.encode(), body=text)


@dataclass(slots=True, kw_only=True)
class Routes:
    """All routes of the public port.

    Attributes:
        create_task: starts a registry lookup in the background, such as a task group's ``create_task``.
        erased: recipients whose events are not recorded.
        denied: recipients who denied consent after a message was sent.
        failed_tokens: limits how many requests with failed tokens are recorded.
        proof: answers the challenges of ``clicktrail domain check``.
        served_domains: the tracking domains that were added, by host.
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
    proof: EdgeProof
    served_domains: Mapping[str, ServedDomain] = field(default_factory=dict)
    stats: ResponseStats = field(default_factory=ResponseStats)
    failed_tokens: FailedTokenLimiter = field(default_factory=FailedTokenLimiter)

    def answer(self, request: Request, send: SendResponse) -> None:
        """Answer a request: call ``send``, now or when the click is committed. Only the first response counts."""
        try:
            is_read_request = request.method in {"GET", "HEAD"}
            if request.path == "/healthz" and is_read_request:
                send(self._build_health_response())
                return
            if request.path == _ASK_PATH and is_read_request and self._is_our_proxy(request):
                send(self._answer_ask(request))
                return
            site = self.sites.find(request.headers.get("host", ""))
            if site is None:
                send(self.sites.unknown_host(request.headers))
            elif is_read_request and (render := site.static_pages.get(request.path)) is not None:
                send(render(request.headers))
            elif request.path.startswith(EDGE_PROOF_PATH) and (answer := self._prove_edge(request)):
                send(answer)
            elif (
                site.landing_hosts
                and (response := self.beacon.answer(request, excluded=(self.erased, self.denied))) is not None
            ):
                send(response)
            elif is_read_request and request.path.endswith("+"):  # tracking URL and +: the page about the link
                self._decide(replace(request, path=request.path[:-1]), site, send, self._show_about_page)
            else:
                self._decide(request, site, send, self._record_and_redirect)
        except Exception as error:
            self._answer_after_error(error, send)

    def _decide(self, request: Request, site: Site, send: SendResponse, finish: FinishRequest) -> None:
        decision = self.redirector.decide(request, now=self.clock.now(), click_id=self.ids.new())
        if isinstance(decision, LookupRequired):
            self.create_task(self._look_up(decision, request, site, send, finish))
        else:
            finish(decision, request, site, send)

    async def _look_up(
        self, lookup: LookupRequired, request: Request, site: Site, send: SendResponse, finish: FinishRequest
    ) -> None:
        try:
            finish(await self.redirector.look_up(lookup), request, site, send)
        except Exception as error:
            self._answer_after_error(error, send)

    def _answer_after_error(self, error: Exception, send: SendResponse) -> None:
        """Answer after a bug: no error may leave a reader without an answer."""
        _LOG.exception("request failed", exc_info=error)
        send(self.responses.internal_error)

    def _record_and_redirect(self, decision: Decision, request: Request, site: Site, send: SendResponse) -> None:
        decision = self._apply_overrides(decision, site)
        if isinstance(decision, Redirect):
            response = self.responses.redirect(decision.location, site.redirect_headers)
        else:
            response = _render_error_page(decision, site, request)
        # Redirect even if the click could not be recorded: a lost click must not stop the reader.
        try:
            event = self._select_event_to_record(decision, site)
            if event is None:
                send(response)
                return
            if site.landing_hosts and isinstance(decision, Redirect) and event is decision.event:
                location = self.beacon.build_location(decision, hosts=site.landing_hosts)
                response = self.responses.redirect(location, site.redirect_headers)
            self.record(encode_event(event), lambda _committed: send(response))
        except Exception as error:
            _LOG.exception("cannot record a click", exc_info=error)
            send(response)

    def record(self, line: bytes, on_commit: Callable[[bool], None]) -> None:
        """Append an encoded event to the journal. A bug in the journal must not stop the reader."""
        try:
            self.journal.append(line, on_commit)
        except Exception as error:
            _LOG.exception("cannot record a click", exc_info=error)
            on_commit(False)  # noqa: FBT003 - the port's callback

    def _show_about_page(self, decision: Decision, request: Request, site: Site, send: SendResponse) -> None:
        """Show where a link leads. That is not a click, so only failed tokens are recorded, as without the ``+``."""
        edited = self._apply_overrides(decision, site)
        if isinstance(edited, Redirect):
            send(site.pages.about(edited, host=request.headers.get("host", ""), headers=request.headers))
        elif isinstance(edited, Gone):
            send(_render_error_page(edited, site, request))
        else:
            self._record_and_redirect(decision, request, site, send)

    def _apply_overrides(self, decision: Decision, site: Site) -> Decision:
        """Apply the edits of a link, and then the destinations that its domain allows."""
        if self.overrides and isinstance(decision, Redirect):
            try:
                decision = self.overrides.apply(decision, now=decision.event.at)
            except Exception as error:
                _LOG.exception("cannot apply link edits", exc_info=error)
        if (
            site.restricts_destinations
            and isinstance(decision, Redirect)
            and not is_allowed_destination(site.destinations, decision.location)
        ):
            return Gone(event=decision.event)
        return decision

    def _select_event_to_record(self, decision: Decision, site: Site) -> Click | AnonymousClick | None:
        event = decision.event
        if event is None or event.recipient in self.erased:
            return None
        if isinstance(decision, _FAILED_DECISIONS):
            return self._select_failed_token(event)
        if has_opted_out(event.headers) or event.recipient in self.denied:
            return self.anonymizer.anonymize(event) if site.recording.records_opted_out else None
        return event

    def _select_failed_token(self, event: Click) -> Click | None:
        """The event without headers: of a tampered click, the judge reads address, User-Agent and time only."""
        if has_opted_out(event.headers) or not self.failed_tokens.allows(event.ip, now=event.at):
            return None
        return replace(event, headers={}) if event.tampered else event

    def _is_our_proxy(self, request: Request) -> bool:
        """Whether our proxy itself sent a request, and did not pass on that of a client."""
        return "x-forwarded-for" not in request.headers and self.redirector.proxies.is_trusted(request.peer)

    def _answer_ask(self, request: Request) -> Response:
        """Permit certificates for hosts of ours. Caddy also asks for those that it holds, so this must not need a disk.

        https://caddyserver.com/docs/automatic-https#on-demand-tls, read 2026-12-01: a status of 200 permits.
        """
        (host, *others) = parse_qs(request.query).get("domain", [""])
        domain = None if others else self.served_domains.get(host)
        is_permitted = domain is not None and domain.may_have_certificate(self.clock.now())
        return make_response("200 OK" if is_permitted else "403 Forbidden", _PLAIN_TEXT_HEADERS, b"")

    def _prove_edge(self, request: Request) -> Response | None:
        challenge = request.path.removeprefix(EDGE_PROOF_PATH)
        answer = self.proof.answer(_normalize_host(request.headers.get("host", "")), challenge)
        return make_response("200 OK", _PLAIN_TEXT_HEADERS, answer.encode()) if answer else None

    def _build_health_response(self) -> Response:
        journal = self.journal
        return self.responses.health(
            status="degraded" if journal.is_degraded else "ok",
            failed=journal.failed_count,
            buffered=journal.buffered_count,
            dropped=journal.dropped_count,
        )


def _render_error_page(decision: Gone | NotFound | Unavailable, site: Site, request: Request) -> Response:
    match decision:
        case Gone():
            return site.pages.ended(request.headers)
        case Unavailable():
            return site.pages.unavailable(request.headers)
        case NotFound(has_changed_case=True):
            return site.pages.changed_case(request.headers)
        case NotFound():
            return site.pages.not_found(request.headers)


def _normalize_host(host: str) -> str:
    return host.rpartition(":")[0 if host.rpartition(":")[2].isdigit() else 2].lower().removesuffix(".")


def _make_constant_renderer(response: Response) -> RenderPage:
    return lambda _headers: response
