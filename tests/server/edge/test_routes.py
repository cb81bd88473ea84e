"""Which response a request gets, and when it is sent."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from time import perf_counter
from types import MappingProxyType

import msgspec
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.model.edit import EditAction, EditTarget, LinkEdit
from clicktrail.model.event import AnonymousClick, Click, Engagement, decode_event
from clicktrail.model.link_set import ShortLinkMessage, StoredLink
from clicktrail.model.tracking_domain import TrackingDomain
from clicktrail.model.verdict import Verdict
from clicktrail.server.edge.pages import RecordingOptions
from clicktrail.server.edge.responses import Response
from clicktrail.server.edge.routes import BeaconEndpoint, ResponseStats, Routes, Sites
from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.pipeline.engagement import EngagementTracker
from clicktrail.server.pipeline.failed_tokens import NETWORK_RATE
from clicktrail.server.pipeline.privacy import HashedRecipients
from clicktrail.server.pipeline.redirect import ActiveEdits, Gone, Redirect
from clicktrail.server.pipeline.request import Request
from clicktrail.tokens import SECRET_BYTES, Key, KeyRing, LandingClick, LandingTokenSealer, encode_short_token
from tests.support.edge import (
    NOW,
    FixedClock,
    build_request,
    build_routes,
    find_pages,
    running_edge,
    tampered_path,
    token_path,
)
from tests.support.edge import RING as RING_EDGES
from tests.support.manual_journal import ManualJournal
from tests.support.memory_registry import MemoryRegistry


def request_responses(
    routes: Routes, path: str, *, method: str = "GET", headers: Mapping[str, str] = MappingProxyType({})
) -> list[Response]:
    responses: list[Response] = []
    routes.answer(Request(method=method, path=path, peer="192.0.2.1", headers=headers), responses.append)
    return responses


def test_click_is_answered_once_it_is_recorded() -> None:
    journal = ManualJournal()
    routes = build_routes(journal)
    responses = request_responses(routes, token_path())
    assert [] == responses
    journal.finish_commits(committed=True)
    assert [routes.responses.redirect("https://shop.example/?a=b")] == responses
    event = decode_event(journal.lines[0])
    assert isinstance(event, Click)
    assert ("click0", NOW, "192.0.2.1") == (event.id, event.at, event.ip)


def test_click_that_cannot_be_recorded_is_answered() -> None:
    journal = ManualJournal()
    routes = build_routes(journal)
    responses = request_responses(routes, token_path())
    journal.finish_commits(committed=False)
    assert [routes.responses.redirect("https://shop.example/?a=b")] == responses
    degraded = routes.responses.health(status="degraded", failed=1, buffered=1, dropped=0)
    assert [degraded] == request_responses(routes, "/healthz")
    request_responses(routes, token_path())
    journal.finish_commits(committed=True)
    well = routes.responses.health(status="ok", failed=1, buffered=0, dropped=0)
    assert [well] == request_responses(routes, "/healthz")


def test_tampered_token_is_recorded_before_the_response() -> None:
    journal = ManualJournal()
    routes = build_routes(journal)
    responses = request_responses(routes, tampered_path())
    assert [] == responses
    journal.finish_commits(committed=True)
    assert [find_pages(routes).not_found({})] == responses
    event = decode_event(journal.lines[0])
    assert isinstance(event, Click)
    assert event.tampered


def test_other_requests_are_answered_and_not_recorded() -> None:
    journal = ManualJournal()
    routes = build_routes(journal)
    well = routes.responses.health(status="ok", failed=0, buffered=0, dropped=0)
    assert [well] == request_responses(routes, "/healthz", method="HEAD")
    for path, method in [("/favicon.ico", "GET"), ("/robots.txt", "POST"), (token_path(), "POST")]:
        assert [find_pages(routes).not_found({})] == request_responses(routes, path, method=method)
    assert [] == journal.lines


def test_short_link_is_looked_up_and_recorded() -> None:
    journal, registry = ManualJournal(), MemoryRegistry()
    link = StoredLink(position=0, destination="https://shop.example/?a=b")
    message = ShortLinkMessage(code=7, message_id="m1", recipient="", campaign="", created_at=NOW, links=(link,))
    asyncio.run(registry.short_links.add(message))
    routes = build_routes(journal, registry=registry)
    registry.is_available = False
    unresolved = request_responses(routes, f"/{encode_short_token(7, 0)}")
    registry.is_available = True
    resolved = request_responses(routes, f"/{encode_short_token(7, 0)}")
    unknown = request_responses(routes, f"/{encode_short_token(8, 0)}")
    assert ([], [], []) == (unresolved, resolved, unknown)
    journal.finish_commits(committed=True)
    assert [find_pages(routes).unavailable({})] == unresolved
    assert [routes.responses.redirect("https://shop.example/?a=b")] == resolved
    assert [find_pages(routes).not_found({})] == unknown


def test_beacon_is_served_only_with_landing_hosts() -> None:
    journal = ManualJournal()
    routes = build_routes(journal)
    assert [find_pages(routes).not_found({})] == request_responses(routes, "/e.js")
    assert [find_pages(routes).not_found({})] == request_responses(routes, "/e", method="POST")
    routes.sites = Sites(landing_hosts=("shop.example",))
    responses = request_responses(routes, token_path())
    journal.finish_commits(committed=True)
    assert b"Location: https://shop.example/?a=b#clicktrail=" in responses[0].head
    assert [b"200", b"204"] == [
        response.head.split()[1]
        for response in request_responses(routes, "/e.js") + request_responses(routes, "/e", method="POST")
    ]


def test_landing_hosts_are_set_per_domain() -> None:
    journal = ManualJournal()
    routes = build_routes(journal)
    own, off, unsaid = (
        TrackingDomain(host="own.example", engagement_hosts=("shop.example",)),
        TrackingDomain(host="off.example", engagement_hosts=()),
        TrackingDomain(host="unsaid.example"),
    )
    routes.sites = Sites([own, off, unsaid], landing_hosts=("other.example",))
    handed = {
        domain.host: [
            request_responses(routes, "/e.js", headers={"host": domain.host})[0].head.split()[1],
            *(
                destination
                for destination in ("https://shop.example/", "https://other.example/")
                if gets_fragment(routes, journal, destination, host=domain.host)
            ),
        ]
        for domain in (own, off, unsaid)
    }
    assert {
        "own.example": [b"200", "https://shop.example/"],
        "off.example": [b"404"],
        "unsaid.example": [b"200", "https://other.example/"],
    } == handed


def gets_fragment(routes: Routes, journal: ManualJournal, destination: str, *, host: str) -> bool:
    responses = request_responses(routes, token_path(destination), headers={"host": host})
    journal.finish_commits(committed=True)
    return b"#clicktrail=" in responses[0].head


@pytest.mark.parametrize("name", ["sec-gpc", "dnt"])
def test_opted_out_click_is_recorded_anonymously(name: str) -> None:
    journal = ManualJournal()
    routes = build_routes(journal)
    headers = {name: "1", "user-agent": "Mozilla/5.0 (X11) Firefox/140.0", "accept-language": "en"}
    responses = request_responses(routes, token_path(), headers=headers)
    assert [] == responses
    journal.finish_commits(committed=True)
    assert [routes.responses.redirect("https://shop.example/?a=b")] == responses
    hour = NOW.replace(minute=0)
    assert [
        AnonymousClick(
            id="click0", at=hour, campaign="spring", link=0, url="https://shop.example/?a=b", verdict=Verdict.HUMAN
        )
    ] == [decode_event(line) for line in journal.lines]


def test_unrecorded_click_is_answered_immediately() -> None:
    journal = ManualJournal()
    routes = build_routes(journal)
    assert [find_pages(routes).not_found({})] == request_responses(routes, tampered_path(), headers={"sec-gpc": "1"})
    assert [] == journal.lines


def test_about_page_shows_the_destination_and_records_no_click() -> None:
    journal, registry = ManualJournal(), MemoryRegistry()
    link = StoredLink(position=0, destination="https://shop.example/<b>")
    message = ShortLinkMessage(code=7, message_id="m1", recipient="", campaign="", created_at=NOW, links=(link,))
    asyncio.run(registry.short_links.add(message))
    routes = build_routes(journal, registry=registry)
    (sealed,) = request_responses(routes, f"{token_path()}+")
    (stored,) = request_responses(routes, f"/{encode_short_token(7, 0)}+")
    assert (b"200", b"200") == (sealed.head.split()[1], stored.head.split()[1])
    assert b'<a href="https://shop.example/?a=b"' in sealed.body
    assert b'<a href="https://shop.example/&lt;b&gt;"' in stored.body
    assert b"ann@example.org" not in sealed.body
    assert [] == journal.lines


def test_unknown_host_is_misdirected() -> None:
    journal = ManualJournal()
    routes = build_routes(journal)
    routes.sites = Sites([TrackingDomain(host="click.example")])
    (elsewhere,) = request_responses(routes, token_path(), headers={"host": "evil.example"})
    assert elsewhere.head.startswith(b"HTTP/1.1 421 ")
    assert (
        b"HTTP/1.1 200 OK"
        == request_responses(routes, "/healthz", headers={"host": "10.0.0.1"})[0].head.splitlines()[0]
    )
    assert [] == journal.lines
    responses = request_responses(routes, token_path(), headers={"host": "click.example"})
    journal.finish_commits(committed=True)
    assert [b"302"] == [response.head.split()[1] for response in responses]


def test_redirects_only_to_allowed_destinations() -> None:
    journal = ManualJournal()
    routes = build_routes(journal)
    routes.sites = Sites([TrackingDomain(host="click.example", destinations=("shop.example",))])
    here = {"host": "click.example"}
    elsewhere = request_responses(routes, token_path("https://evil.example/"), headers=here)
    allowed = request_responses(routes, token_path(), headers=here)
    journal.finish_commits(committed=True)
    assert [b"410", b"302"] == [response.head.split()[1] for response in elsewhere + allowed]
    assert [b"410"] == [
        response.head.split()[1]
        for response in request_responses(routes, f"{token_path('https://evil.example/')}+", headers=here)
    ]
    assert 2 == len(journal.lines)


def test_link_edits_apply_to_redirects() -> None:
    journal = ManualJournal()
    routes = build_routes(journal)
    target = EditTarget(campaign="spring", position=0)
    correction = LinkEdit(id="e", at=NOW, target=target, action=EditAction.REDIRECT, destination="https://new.example/")
    routes.overrides = ActiveEdits([correction])
    redirected, about = request_responses(routes, token_path()), request_responses(routes, f"{token_path()}+")
    routes.overrides = ActiveEdits([LinkEdit(id="e", at=NOW, target=target, action=EditAction.DISABLE)])
    disabled, disabled_about = request_responses(routes, token_path()), request_responses(routes, f"{token_path()}+")
    journal.finish_commits(committed=True)
    assert [routes.responses.redirect("https://new.example/")] == redirected
    assert b'href="https://new.example/"' in about[0].body
    assert [find_pages(routes).ended({})] == disabled == disabled_about
    events = [decode_event(line) for line in journal.lines]
    assert ["https://shop.example/?a=b"] * 2 == [event.url for event in events if isinstance(event, Click)]


def test_clicks_of_erased_recipients_are_not_recorded() -> None:
    journal = ManualJournal()
    routes = build_routes(journal)
    routes.sites = Sites(landing_hosts=("shop.example",))
    routes.erased = HashedRecipients(RING_EDGES, [HashedRecipients(RING_EDGES).hash_recipient("ann@example.org")])
    assert [routes.responses.redirect("https://shop.example/?a=b")] == request_responses(routes, token_path())
    assert [] == journal.lines


@pytest.mark.parametrize(("opted_out", "recorded"), [("anonymous", ["spring"]), ("none", [])])
def test_clicks_after_denied_consent_are_anonymous_or_not_recorded(opted_out: str, recorded: list[str]) -> None:
    journal = ManualJournal()
    routes = build_routes(journal)
    routes.sites = Sites(
        recording=RecordingOptions(records_opted_out=opted_out == "anonymous"), landing_hosts=("shop.example",)
    )
    routes.denied = HashedRecipients(RING_EDGES, [HashedRecipients(RING_EDGES).hash_recipient("ann@example.org")])
    responses = request_responses(routes, token_path(), headers={"user-agent": "Mozilla/5.0 Private/7"})
    journal.finish_commits(committed=True)
    assert [routes.responses.redirect("https://shop.example/?a=b")] == responses
    events = [decode_event(line) for line in journal.lines]
    assert recorded == [event.campaign for event in events if isinstance(event, AnonymousClick)]
    assert len(recorded) == len(events)


def test_domain_may_record_nothing_for_opted_out_readers() -> None:
    journal = ManualJournal()
    routes = build_routes(journal)
    routes.sites = Sites([TrackingDomain(host="click.example", opted_out="none"), TrackingDomain(host="other.example")])
    headers = {"host": "click.example", "sec-gpc": "1"}
    assert [routes.responses.redirect("https://shop.example/?a=b")] == request_responses(
        routes, token_path(), headers=headers
    )
    assert b"Do Not Track: nothing." in request_responses(routes, f"{token_path()}+", headers=headers)[0].body
    assert [] == request_responses(routes, token_path(), headers=headers | {"host": "other.example"})
    assert 1 == len(journal.lines)


RING = KeyRing([Key(number=0, secret=b"k" * SECRET_BYTES)])
BEACON = {
    "landing_token": LandingTokenSealer(RING).seal(
        LandingClick(click_id="c1", message_id="m1", recipient="ann@example.org", campaign="spring", clicked_at=NOW)
    ),
    "kind": "engaged",
}


def make_endpoint(journal: ManualJournal) -> BeaconEndpoint:
    return BeaconEndpoint(EngagementTracker(RING), journal=journal, clock=FixedClock())


def answer(
    to: BeaconEndpoint, path: str, *, method: str = "GET", body: bytes = b"", without: tuple[str, ...] = ()
) -> Response | None:
    request = Request(method=method, path=path, peer="192.0.2.1", headers={}, body=body)
    return to.answer(
        request,
        excluded=(HashedRecipients(RING), HashedRecipients(RING, map(HashedRecipients(RING).hash_recipient, without))),
    )


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_script_is_small_and_loadable_cross_origin(method: str) -> None:
    script = answer(make_endpoint(ManualJournal()), "/e.js", method=method)
    assert script
    assert 2_000 > len(script.head) + len(script.body)
    assert b"Content-Type: text/javascript; charset=utf-8\r\n" in script.head
    assert b"Cross-Origin-Resource-Policy: cross-origin\r\n" in script.head
    assert f"Content-Length: {len(script.body)}\r\n".encode() in script.head


def test_beacon_is_recorded_and_answered_immediately() -> None:
    journal = ManualJournal()
    taken = answer(make_endpoint(journal), "/e", method="POST", body=msgspec.json.encode(BEACON))
    expected = Engagement(
        id="c1-engaged",
        at=NOW,
        campaign="spring",
        message_id="m1",
        recipient="ann@example.org",
        click_id="c1",
        kind="engaged",
    )
    assert [expected] == [decode_event(line) for line in journal.lines]
    assert taken
    assert taken.head.startswith(b"HTTP/1.1 204 ")
    journal.finish_commits(committed=False)


def test_rejected_beacon_gets_the_same_response() -> None:
    journal = ManualJournal()
    to = make_endpoint(journal)
    good = answer(to, "/e", method="POST", body=msgspec.json.encode(BEACON))
    assert [good, good] == [answer(to, "/e", method="POST", body=body) for body in (b"", msgspec.json.encode(BEACON))]
    assert 1 == len(journal.lines)


def test_beacon_of_excluded_recipient_is_not_recorded() -> None:
    journal = ManualJournal()
    body = msgspec.json.encode(BEACON)
    refused = answer(make_endpoint(journal), "/e", method="POST", body=body, without=("ann@example.org",))
    assert [] == journal.lines
    assert refused == answer(make_endpoint(journal), "/e", method="POST", body=body, without=("bob@example.org",))
    assert 1 == len(journal.lines)


@pytest.mark.parametrize(("path", "method"), [("/e", "GET"), ("/e.js", "POST"), ("/e/", "POST"), ("/", "GET")])
def test_other_requests_are_not_for_the_beacon(path: str, method: str) -> None:
    assert answer(make_endpoint(ManualJournal()), path, method=method) is None


def test_responses_are_counted_by_status() -> None:
    tally = ResponseStats()
    for response in (Response(head=b"HTTP/1.1 302 Found\r\n"), *[Response(head=b"HTTP/1.1 200 OK\r\n")] * 2):
        tally.record(response.status, perf_counter() - 2.0)

    assert {"302": 1, "200": 2} == tally.status_counts
    assert [3, 0] == tally.duration_seconds.counts[-2:]
    assert 6.0 <= tally.duration_seconds.total < 7.5


async def test_every_response_is_counted(tmp_path: Path) -> None:
    with SegmentWriter(tmp_path / "edge-0", asyncio.get_running_loop()) as journal:
        async with running_edge(journal) as edge:
            for sent in (
                build_request(token_path(), close=True),
                build_request(tampered_path(), close=True),
                b"nonsense\r\n\r\n",
            ):
                await edge.exchange(sent)
            tally = edge.routes.stats

    assert {"302": 1, "404": 1, "400": 1} == tally.status_counts
    assert 3 == sum(tally.duration_seconds.counts)


EDITS = (
    LinkEdit(id="a", at=NOW, target=EditTarget(host="other.example."), action=EditAction.DISABLE),
    LinkEdit(id="b", at=NOW, target=EditTarget(host="[::"), action=EditAction.DISABLE),
)


@pytest.mark.parametrize(
    "destination", ["http://[::1", "https://www.example.com\\[x/", "http://%zz/", "https://a:b:c/"]
)
async def test_sealed_destination_redirects_whatever_edits_there_are(tmp_path: Path, destination: str) -> None:
    with SegmentWriter(tmp_path / "edge-0", asyncio.get_running_loop()) as journal:
        async with running_edge(journal) as edge:
            without_edits = await edge.exchange(build_request(token_path(destination), close=True))
            edge.routes.overrides = ActiveEdits(EDITS)
            response = await edge.exchange(build_request(token_path(destination), close=True))
    assert response.startswith(b"HTTP/1.1 302 ")
    assert response == without_edits


ANY_HOST = st.text() | st.text("aA.:[]@/\\%2e0x。", max_size=12)
ANY_URL = st.builds("{}{}".format, st.sampled_from(["http://", "https://", "HTTPS:\\", "", "ftp://"]), ANY_HOST)


@given(destination=ANY_URL, host=ANY_HOST, new_destination=ANY_URL, action=st.sampled_from(EditAction))
def test_every_request_is_answered_once(destination: str, host: str, new_destination: str, action: EditAction) -> None:
    journal = ManualJournal()
    routes = build_routes(journal)
    edit = LinkEdit(id="a", at=NOW, target=EditTarget(host=host), action=action, destination=new_destination)
    routes.overrides = ActiveEdits([edit])
    token = token_path(destination)
    with structlog.testing.capture_logs() as log:
        for path, method in [
            (token, "GET"),
            (token, "HEAD"),
            (f"{token}+", "GET"),
            (f"/{host}", "GET"),
            (host, "OPTIONS"),
        ]:
            responses = request_responses(routes, path, method=method)
            journal.finish_commits(committed=True)
            assert len(responses) == 1
    assert log == []


class FaultyJournal(ManualJournal):
    """A journal with a bug."""

    def append(self, line: bytes, on_commit: Callable[[bool], None]) -> None:
        raise ZeroDivisionError(line, on_commit)


class FaultyEdits(ActiveEdits):
    """Edits with a bug."""

    def __bool__(self) -> bool:
        return True

    def apply(self, redirect: Redirect, *, now: datetime) -> Redirect | Gone:
        raise ZeroDivisionError(redirect, now)


class FaultyRegistry(MemoryRegistry):
    """A registry with a bug."""

    def raise_if_unavailable(self) -> None:
        raise ZeroDivisionError


def test_reader_is_answered_despite_a_bug() -> None:
    routes = build_routes(FaultyJournal(), registry=FaultyRegistry())
    routes.overrides = FaultyEdits()
    with structlog.testing.capture_logs() as log:
        sealed = request_responses(routes, token_path())
        short = request_responses(routes, f"/{encode_short_token(7, 0)}")
        routes.sites = Sites([TrackingDomain(host="click.example", destinations=("shop.example",))])
        elsewhere = request_responses(routes, token_path("https://evil.example/"), headers={"host": "click.example"})
    assert sealed == [routes.responses.redirect("https://shop.example/?a=b")]
    assert short == [routes.responses.internal_error]
    assert [response.head[9:12] for response in elsewhere] == [b"410"]
    assert {type(entry["exc_info"]) for entry in log} == {ZeroDivisionError}


FAT_HEADERS = {
    "accept-language": "x" * 256,
    "sec-ch-ua": "y" * 256,
    "user-agent": "Mozilla/5.0",
    "x-forwarded-for": "203.0.113.9",
}


@pytest.mark.parametrize("path", [tampered_path(), f"{tampered_path()}+", f"/{encode_short_token(8, 0)}+"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_failed_token_is_recorded_without_headers(path: str, method: str) -> None:
    journal = ManualJournal()
    routes = build_routes(journal)
    responses = request_responses(routes, path, method=method, headers=FAT_HEADERS)
    journal.finish_commits(committed=True)
    assert responses == [find_pages(routes).not_found({})]
    (event,) = map(decode_event, journal.lines)
    assert isinstance(event, Click)
    assert (event.tampered, event.method, event.user_agent, event.headers) == (True, method, "Mozilla/5.0", {})


def test_failed_tokens_of_a_network_are_limited_and_clicks_are_not() -> None:
    journal, registry = ManualJournal(), MemoryRegistry()
    routes = build_routes(journal, registry=registry)
    count = NETWORK_RATE.burst + 10
    for number in range(count):
        for path in (
            tampered_path(),
            f"/{encode_short_token(number, 0)}",
            f"/{encode_short_token(count + number, 0)}+",
        ):
            request_responses(routes, path)
        request_responses(routes, token_path(), method="HEAD" if number % 2 else "GET")
    registry.is_available = False
    responses = request_responses(routes, f"/{encode_short_token(10_000, 0)}")
    assert responses == [find_pages(routes).unavailable({})]
    clicks = [event for event in map(decode_event, journal.lines) if isinstance(event, Click)]
    assert [len([click for click in clicks if click.tampered is tampered]) for tampered in (True, False)] == [
        NETWORK_RATE.burst,
        count,
    ]
    assert routes.failed_tokens.omitted_count == 3 * count + 1 - NETWORK_RATE.burst


def test_missing_link_is_looked_up_once() -> None:
    registry = MemoryRegistry()
    routes = build_routes(ManualJournal(), registry=registry)
    for path in (f"/{encode_short_token(7, 0)}", f"/{encode_short_token(7, 1)}+"):
        request_responses(routes, path)
    assert registry.lookup_count == 1
