"""Both lanes of the edge give the same bytes and the same events; each case takes the lane that it should."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise

import msgspec
import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clicktrail.demo.population.crowd import Population
from clicktrail.demo.population.plan import PlannedRequest
from clicktrail.demo.population.received import MessageLinks
from clicktrail.judge.shipped import build_shipped_judge
from clicktrail.model.edit import EditAction, EditTarget, LinkEdit
from clicktrail.model.event import Click, decode_event
from clicktrail.model.link_set import LinkSet, ShortLinkMessage, StoredLink
from clicktrail.model.tracking_domain import TrackingDomain
from clicktrail.server.edge.connection import Connection, OpenConnections
from clicktrail.server.edge.quick_lane import QuickLane
from clicktrail.server.edge.routes import Routes, Sites
from clicktrail.server.pipeline.privacy import Anonymizer, HashedRecipients
from clicktrail.server.pipeline.redirect import ActiveEdits, Redirector
from clicktrail.server.pipeline.request import Request
from clicktrail.tokens import (
    SECRET_BYTES,
    Key,
    KeyRing,
    KeyState,
    SealedLink,
    SealedMessage,
    build_token_suffixes,
    encode_short_token,
    seal_token,
    seal_token_prefix,
)
from tests.support.edge import LOOPBACK, NOW, RING, build_routes, tampered_path
from tests.support.manual_journal import ManualJournal
from tests.support.memory_registry import MemoryRegistry
from tests.support.old_short_tokens import encode_old_short_token
from tests.support.request_corpus import HEADER_LINES, REQUEST_LINES

SHIPPED_JUDGE = build_shipped_judge()
OTHER_RING = KeyRing([Key(number=0, secret=b"o" * SECRET_BYTES)])
REVOKED_RING = KeyRing([Key(number=1, secret=b"r" * SECRET_BYTES)])
EDGE_RING = KeyRing([*RING.keys, Key(number=1, secret=b"r" * SECRET_BYTES, state=KeyState.REVOKED)])

BROWSER = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    'sec-ch-ua: "Chromium";v="142", "Not_A Brand";v="99"',
    "Accept-Language: en-GB,en;q=0.9",
    "Accept: text/html",
)


PLAIN_LINK = SealedLink(
    destination="https://shop.example/?a=b",
    message_id="m1",
    recipient="ann@example.org",
    campaign="spring",
    position=3,
    link_count=12,
    sent_at=NOW,
)


def seal(destination: str = PLAIN_LINK.destination, *, ring: KeyRing = RING, **fields: object) -> str:
    return "/" + seal_token(ring, msgspec.structs.replace(PLAIN_LINK, destination=destination, **fields))


def seal_campaign(link_set_id: int = 1, *, position: int = 0, recipient: str = "ann@example.org") -> str:
    message_id = "m2" if recipient else ""
    message = SealedMessage(link_set_id=link_set_id, message_id=message_id, recipient=recipient, sent_at=NOW)
    return "/" + seal_token_prefix(RING, message) + build_token_suffixes(RING, 9)[position]


TARGETS = {
    "sealed": seal(),
    "sealed with other characters": seal("https://shop.example/ü?q=ä b"),
    "sealed in capitals": seal("HTTPS://SHOP.example/"),
    "sealed with a backslash": seal("https://shop.example\\@evil.example/"),
    "sealed script": seal("javascript:alert(1)"),
    "sealed scheme only": seal("https://"),
    "sealed with quotes": seal(
        'https://shop.example/?"quoted"', recipient='"Ann Lee" <Ann@Example.org>', campaign='"x"'
    ),
    "sealed for no campaign": seal(campaign="", recipient=""),
    "sealed in a group": seal(group="products"),
    "sealed trap": seal(is_trap=True),
    "sealed for another domain": seal("https://other.example/"),
    "sealed by another ring": seal(ring=OTHER_RING),
    "sealed by a revoked key": seal(ring=REVOKED_RING),
    "tampered": tampered_path(),
    "about page": seal() + "+",
    "with a query": seal() + "?fbclid=x",
    "with a slash": seal() + "/",
    "with a full stop": seal() + ".",
    "with a zero-width space": seal() + "\xe2\x80\x8b",
    "with an encoded character": seal().replace("-", "%2D").replace("_", "%5F").replace("A", "%2541"),
    "with a soft hyphen": seal()[:20] + "%C2%AD" + seal()[20:],
    "in lower case": seal().lower(),
    "absolute": "http://click.example" + seal(),
    "campaign": seal_campaign(),
    "campaign group": seal_campaign(position=1),
    "campaign trap": seal_campaign(position=2),
    "campaign, no such link": seal_campaign(position=8),
    "campaign, no such link set": seal_campaign(99),
    "campaign, no web URL": seal_campaign(position=3),
    "campaign with recipient id": seal_campaign(recipient="") + "/r-1",
    "campaign with encoded recipient id": seal_campaign(recipient="") + "/r%2D1",
    "campaign with second recipient": seal_campaign() + "/r-1",
    "campaign with a bracket": seal_campaign() + ")",
    "campaign with a slash": seal_campaign() + "/",
    "campaign without recipient id": seal_campaign(recipient=""),
    "campaign with merge tag": seal_campaign(recipient="") + "/{{id}}",
    "campaign with recipient id and full stop": seal_campaign(recipient="") + "/r-1.",
    "short": "/" + encode_short_token(7, 0),
    "short in capitals": "/" + encode_short_token(7, 0).upper(),
    "old short": "/" + encode_old_short_token(7, 0),
    "short with a comma": "/" + encode_short_token(7, 0) + ",",
    "short, unknown": "/" + encode_short_token(8, 0),
    "short, unknown, with a comma": "/" + encode_short_token(8, 0) + ",",
    **{path: path for path in ("/", "/robots.txt", "/healthz", "/e.js", "/e", "/favicon.ico", "/.well-known/gpc.json")},
}


def build_registry() -> MemoryRegistry:
    registry = MemoryRegistry()
    destinations = ("https://shop.example/1", "https://shop.example/2", "https://shop.example/3", "mailto:a@b.example")
    links = tuple(
        StoredLink(position=position, destination=url, group="g" if position == 1 else "", is_trap=position == 2)
        for position, url in enumerate(destinations)
    )
    asyncio.run(registry.link_sets.add(LinkSet(campaign="summer", created_at=NOW, links=links)))
    message = ShortLinkMessage(
        code=7, message_id="m3", recipient="Bob@example.org", campaign="", created_at=NOW, links=links
    )
    asyncio.run(registry.short_links.add(message))
    return registry


REGISTRY = build_registry()


class FixedIds:
    """The lanes need different numbers of ids, because the full lane takes one before it decides."""

    def new(self) -> str:
        return "click"


class FullLane(QuickLane):
    def prepare(self, *_: object, **__: object) -> None:
        return None


class MemoryTransport(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self, peer: str) -> None:
        super().__init__()
        self.peer = peer
        self.written = bytearray()
        self.is_closed = False
        self.is_paused = False

    def get_extra_info(self, name: str, default: object = None) -> object:
        return (self.peer, 50_000) if name == "peername" else default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        del high, low

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.is_closed
        self.written += data

    def write_eof(self) -> None:
        pass

    def close(self) -> None:
        self.is_closed = True

    abort = close

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def is_reading(self) -> bool:
        return not self.is_paused


Setup = Callable[[Routes], None]


def edit(action: EditAction, target: EditTarget, destination: str = "") -> Setup:
    link_edit = LinkEdit(id="e", at=NOW, target=target, action=action, destination=destination)

    def set_up(routes: Routes) -> None:
        routes.overrides = ActiveEdits([link_edit])

    return set_up


def hashed(*recipients: str) -> HashedRecipients:
    return HashedRecipients(EDGE_RING, map(HashedRecipients(EDGE_RING).hash_recipient, recipients))


def set_attributes(**values: Callable[[], object]) -> Setup:
    def set_up(routes: Routes) -> None:
        for name, build in values.items():
            setattr(routes, name, build())

    return set_up


def degrade_journal(routes: Routes) -> None:
    assert isinstance(routes.journal, ManualJournal)
    routes.journal.is_degraded = True


@cache
def build_sites(*domains: TrackingDomain, landing: bool = False) -> Sites:
    return Sites(domains, landing_hosts=("shop.example",) if landing else ())


SEVERAL_DOMAINS = (
    TrackingDomain(host="click.example", hsts_days=30),
    TrackingDomain(host="strict.example", destinations=("*.shop.example", "shop.example"), opted_out="none"),
    TrackingDomain(host="landing.example", engagement_hosts=("shop.example",)),
)
SETUPS: dict[str, Setup] = {
    "nothing special": set_attributes(),
    "several domains": set_attributes(sites=lambda: build_sites(*SEVERAL_DOMAINS)),
    "landing pages": set_attributes(sites=lambda: build_sites(landing=True)),
    "link disabled": edit(EditAction.DISABLE, EditTarget(campaign="spring", position=3)),
    "link of another campaign disabled": edit(EditAction.DISABLE, EditTarget(campaign="autumn", position=3)),
    "URL redirected": edit(EditAction.REDIRECT, EditTarget(url="https://shop.example/?a=b"), "https://new.example/"),
    "host redirected": edit(EditAction.REDIRECT, EditTarget(host="shop.example"), "https://new.example/"),
    "recipient erased": set_attributes(erased=lambda: hashed("ann@example.org")),
    "another recipient erased": set_attributes(erased=lambda: hashed("cem@example.org")),
    "consent denied": set_attributes(denied=lambda: hashed("ann@example.org", "r-1")),
    "journal degraded": degrade_journal,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What the edge is given: `pieces` arrive one by one, and the journal commits before those in `commits`."""

    pieces: Sequence[bytes]
    setup: str = "nothing special"
    commits: frozenset[int] = frozenset()
    peer: str = "127.0.0.1"
    proxy_protocol: bool = False
    ends: bool = False


@dataclass(slots=True)
class Outcome:
    """What the edge did."""

    written: bytes = b""
    events: list[bytes] = field(default_factory=list)
    is_closed: bool = False
    status_counts: dict[str, int] = field(default_factory=dict)
    failed_tokens_omitted: int = 0


def run(scenario: Scenario, lane: type[QuickLane]) -> tuple[Outcome, int]:
    """Run a scenario. Returns the outcome, and how many requests the quick lane answered."""
    return asyncio.run(serve(scenario, lane))


async def serve(scenario: Scenario, lane: type[QuickLane]) -> tuple[Outcome, int]:
    journal = ManualJournal()
    async with asyncio.TaskGroup() as tasks:
        routes = build_routes(journal, registry=REGISTRY, create_task=tasks.create_task)
        links = REGISTRY.create_link_resolver()
        routes.redirector = Redirector(EDGE_RING, links=links, trusted_proxies=LOOPBACK)
        routes.ids = FixedIds()
        routes.anonymizer = Anonymizer(judge=SHIPPED_JUDGE, ids=FixedIds())
        routes.responses.set_date(NOW)
        quick_lane = lane(routes)
        for path in (TARGETS["campaign"], TARGETS["short"]):  # so that their links are in the cache
            routes.answer(parse(path), lambda _response: None)
        await settle()
        journal.finish_commits(committed=True)
        journal.lines.clear()
        SETUPS[scenario.setup](routes)
        connections = OpenConnections(proxy_protocol_networks=LOOPBACK if scenario.proxy_protocol else ())
        transport = MemoryTransport(scenario.peer)
        connection = Connection(routes, connections, quick_lane)
        connection.connection_made(transport)
        for number, piece in enumerate(scenario.pieces):
            if number in scenario.commits or transport.is_paused:
                await answer_all(journal, transport)
            if transport.is_closed:
                break
            connection.data_received(piece)
        if scenario.ends and not transport.is_closed:
            connection.eof_received()
        await answer_all(journal, transport)
    outcome = Outcome(
        written=bytes(transport.written),
        events=journal.lines,
        is_closed=transport.is_closed,
        status_counts=routes.stats.status_counts,
        failed_tokens_omitted=routes.failed_tokens.omitted_count,
    )
    return outcome, quick_lane.answered_count


def parse(path: str) -> Request:
    return Request(method="GET", path=path, peer="127.0.0.1", headers={"host": "click.example"})


async def settle() -> None:
    for _ in range(10):  # a lookup in the registry takes a few iterations of the loop
        await asyncio.sleep(0)


async def answer_all(journal: ManualJournal, transport: MemoryTransport) -> None:
    """Commit what waits until nothing more happens."""
    previous = -1
    while previous < len(journal.lines) or (transport.is_paused and not transport.is_closed):
        previous = len(journal.lines)
        await settle()
        journal.finish_commits(committed=not journal.is_degraded)
        await settle()


def encode(target: str, lines: Sequence[str] = BROWSER, *, method: str = "GET", version: str = "1.1") -> bytes:
    return encode_lines(f"{method} {target} HTTP/{version}", lines)


def encode_lines(first: str, lines: Sequence[str]) -> bytes:
    return "\r\n".join([first, *lines, "", ""]).encode("latin-1")


HOST = "Host: click.example"


def both(scenario: Scenario) -> tuple[Outcome, int]:
    """Run a scenario in both lanes, and compare. Returns the outcome, and what the quick lane answered."""
    with no_errors_logged():
        expected, _ = run(scenario, FullLane)
        actual, quick_count = run(scenario, QuickLane)
    assert actual == expected
    return actual, quick_count


@contextmanager
def no_errors_logged() -> Iterator[None]:
    with structlog.testing.capture_logs() as log:
        yield
    assert log == []


@pytest.mark.parametrize(
    ("target", "lines", "setup"),
    [
        *((name, (HOST, *BROWSER), "nothing special") for name in TARGETS if name.startswith("sealed in")),
        ("sealed", (HOST,), "nothing special"),
        ("sealed", ("user-agent: x", "host:click.example", "CONNECTION: Keep-Alive"), "nothing special"),
        ("sealed", (HOST, "User-Agent: " + "x" * 3_000, "Accept: " + "y" * 300), "nothing special"),
        ("sealed", (HOST, "DNT: 0", "Sec-GPC: 0", "Range: bytes=0-99"), "nothing special"),
        ("sealed", (HOST, "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https"), "nothing special"),
        (
            "sealed",
            ("X-Forwarded-For: 6.6.6.6, [2001:db8::7]:443", HOST, "Forwarded: for=192.0.2.1"),
            "nothing special",
        ),
        ("sealed", ("x-forwarded-for: 203.0.113.9", HOST), "nothing special"),
        ("sealed with other characters", (HOST,), "nothing special"),
        ("sealed with a backslash", (HOST,), "nothing special"),
        ("sealed with quotes", (HOST,), "nothing special"),
        ("sealed for no campaign", (HOST,), "nothing special"),
        ("sealed trap", (HOST,), "nothing special"),
        ("sealed for another domain", (HOST,), "nothing special"),
        ("campaign", (HOST,), "nothing special"),
        ("campaign group", (HOST,), "nothing special"),
        ("campaign trap", (HOST,), "nothing special"),
        ("campaign with recipient id", (HOST,), "nothing special"),
        ("campaign with encoded recipient id", (HOST,), "nothing special"),
        ("short", (HOST,), "nothing special"),
        ("short in capitals", (HOST,), "nothing special"),
        ("old short", (HOST,), "nothing special"),
        ("sealed", (HOST,), "several domains"),
        ("sealed", ("Host: Strict.Example:8443",), "several domains"),
        ("sealed", (HOST,), "link of another campaign disabled"),
        ("sealed for another domain", (HOST,), "host redirected"),
        ("sealed", (HOST,), "another recipient erased"),
        ("short", (HOST,), "consent denied"),
    ],
)
def test_ordinary_clicks_take_the_quick_lane(target: str, lines: Sequence[str], setup: str) -> None:
    scenario = Scenario(pieces=[encode(TARGETS[target], lines)] * 2, setup=setup, commits=frozenset({1}))
    outcome, quick_count = both(scenario)
    assert quick_count == len(outcome.events) == 2
    assert outcome.status_counts == {"302": 2}


@pytest.mark.parametrize(
    ("target", "setup"),
    [
        *(
            (name, "nothing special")
            for name, path in TARGETS.items()
            if path.partition("/")[2].startswith(("robots", "healthz", "e", "favicon", ".")) or path == "/"
        ),
        ("sealed script", "nothing special"),
        ("sealed scheme only", "nothing special"),
        ("sealed by another ring", "nothing special"),
        ("sealed by a revoked key", "nothing special"),
        ("tampered", "nothing special"),
        ("about page", "nothing special"),
        ("with a query", "nothing special"),
        ("with a slash", "nothing special"),
        ("with a full stop", "nothing special"),
        ("with a zero-width space", "nothing special"),
        ("with an encoded character", "nothing special"),
        ("with a soft hyphen", "nothing special"),
        ("in lower case", "nothing special"),
        ("absolute", "nothing special"),
        ("campaign, no such link", "nothing special"),
        ("campaign, no such link set", "nothing special"),
        ("campaign, no web URL", "nothing special"),
        ("campaign with second recipient", "nothing special"),
        ("campaign with a bracket", "nothing special"),
        ("campaign with a slash", "nothing special"),
        ("campaign without recipient id", "nothing special"),
        ("campaign with merge tag", "nothing special"),
        ("campaign with recipient id and full stop", "nothing special"),
        ("short with a comma", "nothing special"),
        ("short, unknown, with a comma", "nothing special"),
        ("short, unknown", "nothing special"),
        ("sealed", "landing pages"),
        ("sealed", "link disabled"),
        ("sealed", "URL redirected"),
        ("sealed", "host redirected"),
        ("campaign", "host redirected"),
        ("sealed", "recipient erased"),
        ("sealed", "consent denied"),
        ("campaign with recipient id", "consent denied"),
        ("sealed", "journal degraded"),
    ],
)
def test_targets_and_states_that_take_the_full_lane(target: str, setup: str) -> None:
    _, quick_count = both(Scenario(pieces=[encode(TARGETS[target], (HOST, *BROWSER))] * 2, setup=setup))
    assert quick_count == 0


@pytest.mark.parametrize(
    "piece",
    [
        *(encode(seal(), (HOST,), method=method) for method in ("HEAD", "POST", "OPTIONS", "PUT", "get")),
        *(encode(seal(), (HOST,), version=version) for version in ("1.0", "2.0", "1.1 ")),
        *(
            encode(seal(), (HOST, line))
            for line in (
                *("DNT: 1", "Sec-GPC: 1", "sec-gpc:1", "DNT: 0, 1", "Connection: close", "Connection: Upgrade"),
                *("Content-Length: 0", "Content-Length: 3", "Transfer-Encoding: chunked", "Expect: 100-continue"),
                *("Host: other.example", "User-Agent: \xe9", "X: a\tb", "A B: c", " folded", "no colon"),
                "X: " + "x" * 4_000,
            )
        ),
        encode(seal(), (HOST, "X-Forwarded-For: 203.0.113.9", "x-forwarded-for: 203.0.113.10")),
        encode(seal(), ("X-Forwarded-For: \xe9", HOST)),
        encode(seal(), BROWSER),
        encode(seal(), (HOST,)) * 2,
        encode(seal(), (HOST,)) + b"GET",
        b"\r\n" + encode(seal(), (HOST,)),
        encode("/" + "A" * 3_000, (HOST,)),
        encode("/\xe9" + seal(), (HOST,)),
    ],
)
def test_requests_that_take_the_full_lane(piece: bytes) -> None:
    _, quick_count = both(Scenario(pieces=[piece]))
    assert quick_count == 0


def test_body_that_looks_like_a_click_takes_the_full_lane() -> None:
    click = encode(seal(), (HOST,))
    post = encode("/e", (HOST, f"Content-Length: {len(click)}"), method="POST")
    outcome, quick_count = both(Scenario(pieces=[post, click, click]))
    assert (quick_count, len(outcome.events)) == (1, 1)  # the click after it
    _, quick_count = both(Scenario(pieces=[click[:20], click[20:]]))
    assert quick_count == 0


@pytest.mark.parametrize("host", ["landing.example", "unknown.example", ""])
def test_hosts_that_take_the_full_lane(host: str) -> None:
    _, quick_count = both(Scenario(pieces=[encode(seal(), (f"Host: {host}",))], setup="several domains"))
    assert quick_count == 0


def test_destinations_that_a_domain_does_not_allow_take_the_full_lane() -> None:
    piece = encode(TARGETS["sealed for another domain"], ("Host: strict.example",))
    outcome, quick_count = both(Scenario(pieces=[piece], setup="several domains"))
    assert (quick_count, outcome.status_counts) == (0, {"410": 1})


def test_edits_apply_to_the_next_request() -> None:
    journal = ManualJournal()
    routes = build_routes(journal)
    lane = QuickLane(routes)
    request = encode(seal(), (HOST,))
    assert lane.prepare(request, "192.0.2.1", https=False)
    SETUPS["link disabled"](routes)
    assert lane.prepare(request, "192.0.2.1", https=False) is None
    routes.overrides = ActiveEdits()
    routes.redirector = Redirector(OTHER_RING, links=REGISTRY.create_link_resolver())
    assert lane.prepare(request, "192.0.2.1", https=False) is None
    assert lane.prepare(encode(seal(ring=OTHER_RING), (HOST,)), "192.0.2.1", https=False)
    routes.sites = build_sites(*SEVERAL_DOMAINS[1:])
    assert lane.prepare(encode(seal(ring=OTHER_RING), (HOST,)), "192.0.2.1", https=False) is None


def test_pending_responses_keep_their_order() -> None:
    requests = [encode(seal(f"https://shop.example/{number}"), (HOST,)) for number in range(4)]
    requests.insert(2, encode("/robots.txt", (HOST,)))
    outcome, quick_count = both(Scenario(pieces=requests))
    assert quick_count == 1
    assert [outcome.written.index(text) for text in (b"/0\r", b"/1\r", b"Disallow", b"/2\r", b"/3\r")] == sorted(
        outcome.written.index(text) for text in (b"/0\r", b"/1\r", b"Disallow", b"/2\r", b"/3\r")
    )


@pytest.mark.parametrize("ends", [False, True])
def test_half_closed_connection_gets_its_response(*, ends: bool) -> None:
    outcome, quick_count = both(Scenario(pieces=[encode(seal(), (HOST,))], ends=ends))
    assert (quick_count, outcome.is_closed, b"Connection: close" in outcome.written) == (1, ends, ends)


@pytest.mark.parametrize("peer", ["127.0.0.1", "192.0.2.9"])
def test_proxy_protocol_header_names_the_client(peer: str) -> None:
    header = b"PROXY TCP4 203.0.113.9 127.0.0.1 53764 8080\r\n"
    pieces = [header[:9], header[9:], *[encode(seal(), (HOST, "X-Forwarded-For: 198.51.100.7"))] * 2]
    outcome, quick_count = both(Scenario(pieces=pieces, commits=frozenset({3}), peer=peer, proxy_protocol=True))
    ips = [event.ip for event in map(decode_event, outcome.events) if isinstance(event, Click)]
    assert (quick_count, ips) == ((2, ["203.0.113.9"] * 2) if peer == "127.0.0.1" else (0, []))


def test_many_heads_are_bounded_in_memory() -> None:
    lane = QuickLane(build_routes(ManualJournal()))
    for number in range(3_000):
        assert lane.prepare(encode(seal(), (HOST, f"X-Request-Id: {number}")), "192.0.2.1", https=False)
    assert len(lane._heads) <= 1024


class FaultyLane(QuickLane):
    """A quick lane with a bug."""

    def prepare(self, data: bytes, peer: str, *, https: bool) -> tuple[bytes, bytes] | None:
        raise ZeroDivisionError(data, peer, https)


def test_full_lane_answers_despite_a_bug_in_the_quick_lane() -> None:
    scenario = Scenario(pieces=[encode(seal(), (HOST,))])
    with structlog.testing.capture_logs() as log:
        outcome, _ = run(scenario, FaultyLane)
    assert outcome == run(scenario, FullLane)[0]
    assert [type(entry["exc_info"]) for entry in log] == [ZeroDivisionError]


def any_case(line: str) -> st.SearchStrategy[str]:
    name, colon, value = line.partition(":")
    return st.sampled_from([name, name.lower(), name.upper(), name.title()]).map(lambda cased: cased + colon + value)


header_lines = st.sampled_from(
    [
        *HEADER_LINES,
        *BROWSER,
        *("DNT: 1", "DNT: 0", "Sec-GPC: 1", "Sec-GPC:\t1", "Range: bytes=0-", "Forwarded: for=192.0.2.60;proto=https"),
        *("X-Forwarded-For: 198.51.100.1, 10.0.0.1", "X-Forwarded-For: unknown", "X-Forwarded-Proto: HTTPS, http"),
        *(
            "Host: strict.example",
            "Host: landing.example",
            "Host: unknown.example",
            "Referer: https://mail.example/?q=",
        ),
        *("X-Long: " + "x" * 5_000, "User-Agent: " + "y" * 600, 'Sec-CH-UA: "a\\b"'),
    ]
).flatmap(any_case)
privacy_lines = st.sampled_from(["DNT: 1", "Sec-GPC: 1", "DNT: 0", "Sec-GPC:\t1", "sec-gpc: 0, 1"])
unusual_lines = st.lists(privacy_lines | header_lines, max_size=1)
browser_heads = unusual_lines.flatmap(lambda lines: st.permutations([HOST, *BROWSER, *lines]))
proxied_heads = unusual_lines.flatmap(
    lambda lines: st.permutations([HOST, *BROWSER, "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https", *lines])
)
any_heads = st.lists(header_lines, max_size=5).flatmap(lambda lines: st.permutations([HOST, *lines]))
# Hypothesis draws the alternatives about equally often.
ordinary_requests = st.one_of(
    st.builds(encode, st.sampled_from([TARGETS["sealed"], TARGETS["campaign"]]), browser_heads | proxied_heads),
    st.builds(encode, st.sampled_from(list(TARGETS.values())), browser_heads | proxied_heads),
)
requests = st.one_of(
    ordinary_requests,
    ordinary_requests,
    st.builds(
        lambda target, lines, method, version: encode(target, lines, method=method, version=version),
        st.sampled_from(list(TARGETS.values())),
        any_heads,
        st.sampled_from(["GET", "HEAD", "POST", "OPTIONS"]),
        st.sampled_from(["1.1", "1.0"]),
    ),
    st.builds(encode_lines, st.sampled_from(REQUEST_LINES), any_heads),
)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    pieces = draw(st.lists(requests, min_size=1, max_size=4))
    proxy_protocol = draw(st.sampled_from([False, False, False, True]))
    if proxy_protocol and draw(st.booleans()):
        pieces.insert(0, b"PROXY TCP4 203.0.113.9 127.0.0.1 53764 8080\r\n")
    if draw(st.sampled_from([False, False, True])):  # cut anywhere, instead of a request for each piece
        data = b"".join(pieces)
        cuts = draw(st.lists(st.integers(0, len(data)), max_size=4))
        pieces = [data[start:end] for start, end in pairwise([0, *sorted(cuts), len(data)]) if start < end]
    return Scenario(
        pieces=pieces,
        setup=draw(st.sampled_from(list(SETUPS))),
        commits=draw(st.just(frozenset(range(9))) | st.frozensets(st.integers(1, 8))),
        peer=draw(st.sampled_from(["127.0.0.1", "192.0.2.9", "::1", "::ffff:127.0.0.1", "2001:db8::9"])),
        proxy_protocol=proxy_protocol,
        ends=draw(st.booleans()),
    )


@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
@given(scenarios())
def test_both_lanes_give_the_same_bytes_and_events(scenario: Scenario) -> None:
    both(scenario)


def test_request_corpus_gets_the_same_from_both_lanes() -> None:
    sealed = [encode_lines(f"GET {seal()} HTTP/1.1", (HOST, line)) for line in HEADER_LINES]
    other = [encode_lines(first, (HOST, *BROWSER)) for first in REQUEST_LINES]
    quick_counts = [both(Scenario(pieces=[piece, *sealed[-1:]]))[1] for piece in sealed + other]
    assert {0, 1} == set(quick_counts)


def build_population_requests() -> list[PlannedRequest]:
    urls = tuple(f"http://click.example{seal(f'https://shop.example/{number}')}" for number in range(4))
    message = MessageLinks(recipient="", content_links=urls, html_links=urls, text_links=urls)
    population = Population(seed=5, recipient_count=300, window_s=40)
    return [
        request
        for recipient in population.recipients
        for _, request in population.plan(replace(message, recipient=recipient.address))
    ]


def encode_planned(planned: PlannedRequest) -> bytes:
    lines = [HOST, *(f"{name.title()}: {value}" for name, value in planned.headers.items())]
    lines += [f"X-Forwarded-For: {planned.ip}", "X-Forwarded-Proto: https"]
    return encode(planned.url.removeprefix("http://click.example"), lines, method=planned.method)


def test_population_gets_the_same_from_both_lanes() -> None:
    pieces = [encode_planned(planned) for planned in build_population_requests()]
    outcome, quick_count = both(Scenario(pieces=pieces, commits=frozenset(range(len(pieces)))))
    assert len(outcome.events) == len(pieces) == sum(outcome.status_counts.values())
    assert quick_count > 0.8 * len(pieces)
