"""Parse requests from the bytes of one connection."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.server.edge.http_reader import (
    BODY_LIMITS,
    DEFAULT_BODY_LIMITS,
    MAX_REQUEST_HEAD_BYTES,
    BodyLimits,
    Refusal,
    RequestReader,
    get_body_limits,
    parse_simple_request,
)
from clicktrail.server.pipeline.request import Request, select_recorded_headers
from tests.support.request_corpus import HEADER_LINES, REQUEST_LINES

GET = (
    b"GET /token?fbclid=x HTTP/1.1\r\n"
    b"Host: click.example\r\nUser-Agent: Mozilla/5.0\r\nX-Twice: a\r\nx-twice: b\r\n\r\n"
)
POST = b"POST /e HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: X-Forwarded-For\r\n\r\n"
POST_BODY = b"5\r\nhello\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"
HEAD = b"HEAD http://click.example/token HTTP/1.1\r\nHost: click.example\r\nConnection: close\r\n\r\n"

PROXY_BY_TLS = (
    b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x14"
    b"\xcb\x00\x71\x09\x0a\x00\x00\x01\xd2\x04\x01\xbb\x20\x00\x05\x01\x00\x00\x00\x00"
)

REQUESTS = [
    Request(
        method="GET",
        path="/token",
        query="fbclid=x",
        peer="192.0.2.1",
        headers={"host": "click.example", "user-agent": "Mozilla/5.0", "x-twice": "a, b"},
        recorded_headers={},
    ),
    Request(
        method="POST",
        path="/e",
        peer="192.0.2.1",
        headers={"host": "h", "transfer-encoding": "chunked", "trailer": "X-Forwarded-For"},
        body=b"hello",
        recorded_headers={},
    ),
    Request(
        method="HEAD",
        path="/token",
        peer="192.0.2.1",
        headers={"host": "click.example", "connection": "close"},
        recorded_headers={},
    ),
]


@given(st.lists(st.integers(0, len(GET + POST + POST_BODY + HEAD)), max_size=12))
def test_requests_may_arrive_in_any_pieces(cuts: list[int]) -> None:
    data = GET + POST + POST_BODY + HEAD
    reader = RequestReader("192.0.2.1")
    requests: list[Request] = []
    for start, end in pairwise([0, *sorted(cuts), len(data)]):
        requests += reader.feed(data[start:end])
    assert REQUESTS == requests
    assert (True, False, None) == (reader.is_finished, reader.in_request, reader.refusal)


def make_post(path: str, body: bytes) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize(("path", "kept_bytes"), [("/e", 1024), ("/form", 0)])
@pytest.mark.parametrize("piece_bytes", [7, 100_000])
def test_body_prefix_is_kept_only_where_it_is_used(path: str, kept_bytes: int, piece_bytes: int) -> None:
    body = bytes(range(256)) * 5
    data = make_post(path, body) + GET
    reader = RequestReader("192.0.2.1")
    pieces = [data[start : start + piece_bytes] for start in range(0, len(data), piece_bytes)]
    requests = [request for piece in pieces for request in reader.feed(piece)]
    assert [body[:kept_bytes], b""] == [request.body for request in requests]


@pytest.mark.parametrize("path", ["/", "/e", "/e/", "/e/x", "/events", "/webhooks.php", "//webhooks/", "/x/webhooks/"])
def test_body_limit_is_64_kib_unless_the_path_allows_more(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BODY_LIMITS, "webhooks", BodyLimits(max_bytes=1_000_000, kept_bytes=1_000_000))
    assert 64 * 1024 == get_body_limits(path).max_bytes
    accepting, refusing = RequestReader("192.0.2.1"), RequestReader("192.0.2.1")
    assert 1 == len(accepting.feed(make_post(path, bytes(64 * 1024))))
    assert [] == refusing.feed(make_post(path, bytes(64 * 1024 + 1)))
    assert Refusal.BODY_TOO_LARGE is refusing.refusal


@pytest.mark.parametrize("path", ["/webhooks", "/webhooks/sendgrid?a=/e", "http://h/webhooks/x"])
def test_path_with_a_higher_limit_keeps_the_whole_body(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BODY_LIMITS, "webhooks", BodyLimits(max_bytes=1_000_000, kept_bytes=1_000_000))
    body = bytes(range(250)) * 4_000
    accepting, refusing = RequestReader("192.0.2.1"), RequestReader("192.0.2.1")
    requests = [
        *accepting.feed(make_post(path, body)[:500_000]),
        *accepting.feed(make_post(path, body)[500_000:]),
    ]
    assert [body] == [request.body for request in requests]
    assert [] == refusing.feed(make_post(path, body + b"x"))
    assert Refusal.BODY_TOO_LARGE is refusing.refusal


def test_request_may_arrive_byte_by_byte() -> None:
    reader = RequestReader("192.0.2.1")
    requests = [request for byte in GET for request in reader.feed(bytes([byte]))]
    assert REQUESTS[:1] == requests
    assert not reader.is_finished


def test_in_request_is_true_until_a_request_is_complete() -> None:
    reader = RequestReader("192.0.2.1")
    states = []
    for piece in (b"", GET[:1], GET[1:-1], GET[-1:] + GET[:5], GET[5:]):
        reader.feed(piece)
        states.append(reader.in_request)
    assert [False, True, True, True, False] == states


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nwhatever follows",
        b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n\x16\x03\x01",
    ],
)
def test_last_request_of_a_connection(data: bytes) -> None:
    reader = RequestReader("192.0.2.1")
    assert 1 == len(reader.feed(data))
    assert (True, None) == (reader.is_finished, reader.refusal)


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"hello\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\nHost: h\n\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n",
        b"GET / HTTP/3.0\r\nHost: a\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    ],
)
def test_invalid_http_is_refused(data: bytes) -> None:
    reader = RequestReader("192.0.2.1")
    assert REQUESTS[:1] == reader.feed(GET + data)
    assert (True, Refusal.BAD_REQUEST) == (reader.is_finished, reader.refusal)


def make_request_of_size(size: int) -> bytes:
    return b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * (size - len("/HosthX")) + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("size", "refusal"), [(MAX_REQUEST_HEAD_BYTES, None), (MAX_REQUEST_HEAD_BYTES + 1, Refusal.HEADERS_TOO_LARGE)]
)
def test_head_size_is_limited(size: int, refusal: Refusal | None) -> None:
    reader = RequestReader("192.0.2.1")
    requests = reader.feed(make_request_of_size(size))
    assert (refusal, not refusal) == (reader.refusal, bool(requests))


def test_head_of_many_fields_is_limited() -> None:
    reader = RequestReader("192.0.2.1")
    assert [] == reader.feed(b"GET / HTTP/1.1\r\nHost: h\r\n" + b"x: y\r\n" * MAX_REQUEST_HEAD_BYTES + b"\r\n")
    assert reader.refusal is Refusal.HEADERS_TOO_LARGE


@pytest.mark.parametrize(
    ("start", "more", "refusal"),
    [
        (b"GET /", b"a" * 1_000, Refusal.HEADERS_TOO_LARGE),
        (b"GET / HTTP/1.1\r\nX: ", b"a" * 1_000, Refusal.HEADERS_TOO_LARGE),
        (b"GET / HTTP/1.1\r\n", b"X: a\r\n" * 100, Refusal.HEADERS_TOO_LARGE),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999\r\n\r\n", b"a" * 1_000, Refusal.BODY_TOO_LARGE),
        (POST, b"1\r\na\r\n" * 100, Refusal.BODY_TOO_LARGE),
        (POST + b"0\r\nX: ", b"a" * 1_000, Refusal.BODY_TOO_LARGE),
    ],
    ids=["target", "value", "fields", "body", "chunks", "trailer"],
)
def test_endless_requests_are_refused(start: bytes, more: bytes, refusal: Refusal) -> None:
    reader = RequestReader("192.0.2.1")
    reader.feed(start)
    fed = 0
    while not reader.is_finished:
        assert [] == reader.feed(more)
        fed += len(more)
    assert reader.refusal is refusal
    assert fed <= MAX_REQUEST_HEAD_BYTES + DEFAULT_BODY_LIMITS.max_bytes + len(more)


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_any_bytes_are_read_without_error(pieces: list[bytes]) -> None:
    reader = RequestReader("192.0.2.1")
    for piece in pieces:
        for request in reader.feed(piece):
            assert request.path.startswith("/")


POST_THAT_ASKS = b"POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n"


def test_expect_100_continue_is_recognized() -> None:
    reader = RequestReader("192.0.2.1")
    states = []
    for piece in (POST_THAT_ASKS[:-1], POST_THAT_ASKS[-1:], b"a", b"b", GET + POST_THAT_ASKS, b"ab"):
        reader.feed(piece)
        states.append(reader.expects_continue)
    assert [False, True, False, False, True, False] == states


@pytest.mark.parametrize(
    "data",
    [
        POST_THAT_ASKS + b"a",
        POST_THAT_ASKS.replace(b"1.1", b"1.0"),
        POST_THAT_ASKS.replace(b"Length: 2", b"Length: 0"),
        POST_THAT_ASKS.replace(b"100-Continue", b"miracles"),
        POST_THAT_ASKS.replace(b"Length: 2", b"Length: 100000"),
        b"GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n",
    ],
    ids=["sends", "old", "empty", "other", "too large", "get"],
)
def test_other_requests_expect_no_continue(data: bytes) -> None:
    reader = RequestReader("192.0.2.1")
    reader.feed(data)
    assert not reader.expects_continue


@given(st.sampled_from([b"PROXY TCP4 203.0.113.9 10.0.0.1 53764 443\r\n", PROXY_BY_TLS]), st.data())
def test_proxy_header_sets_the_client(header: bytes, data: st.DataObject) -> None:
    stream = header + GET + HEAD
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    reader = RequestReader("192.0.2.1", expect_proxy_header=True)
    requests = []
    for start, end in pairwise([0, *cuts, len(stream)]):
        requests += reader.feed(stream[start:end])
    https = header == PROXY_BY_TLS
    expected = [msgspec.structs.replace(request, peer="203.0.113.9", https=https) for request in REQUESTS[::2]]
    assert expected == requests


def test_proxy_header_without_client_keeps_the_peer() -> None:
    reader = RequestReader("192.0.2.1", expect_proxy_header=True)
    assert REQUESTS[:1] == reader.feed(b"PROXY UNKNOWN\r\n" + GET)


@pytest.mark.parametrize(
    ("expect_proxy_header", "data"),
    [(True, GET), (True, b"PROXY TCP4 nobody\r\n" + GET), (False, b"PROXY TCP4 203.0.113.9 10.0.0.1 1 2\r\n" + GET)],
    ids=["none", "broken", "unexpected"],
)
def test_missing_or_unexpected_proxy_header_is_refused(expect_proxy_header: bool, data: bytes) -> None:
    reader = RequestReader("192.0.2.1", expect_proxy_header=expect_proxy_header)
    assert [] == reader.feed(data)
    assert (True, Refusal.BAD_REQUEST) == (reader.is_finished, reader.refusal)


def test_incomplete_proxy_header_counts_as_a_request() -> None:
    reader = RequestReader("192.0.2.1", expect_proxy_header=True)
    states = [reader.in_request]
    for piece in (b"PROXY TCP4", b" 203.0.113.9 10.0.0.1 1 2\r\n", GET[:1]):
        reader.feed(piece)
        states.append(reader.in_request)
    assert [True, True, False, True] == states


@given(
    st.sampled_from(REQUEST_LINES),
    st.lists(st.sampled_from(HEADER_LINES), max_size=6),
    st.sampled_from(["", "x", "\r\n"]),
)
def test_simple_parser_agrees_with_the_full_parser(first: str, lines: list[str], rest: str) -> None:
    data = "\r\n".join([first, *lines, "", rest]).encode()
    if request := parse_simple_request(data, "192.0.2.1"):
        at_once, in_pieces = RequestReader("192.0.2.1"), RequestReader("192.0.2.1")
        assert [request] == at_once.feed(data) == in_pieces.feed(data[:1]) + in_pieces.feed(data[1:])
        assert (at_once.is_finished, None) == (in_pieces.is_finished, in_pieces.refusal)


@pytest.mark.parametrize(
    "field",
    [
        *("Connection: keep-alive", "Accept: text/html,*/*;q=0.8", 'sec-ch-ua: "Not_A Brand"', "X:"),
        *("X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 203.0.113.10, 192.0.2.7"),
    ],
)
def test_browser_requests_are_simple(field: str) -> None:
    name, _, value = field.partition(":")
    data = f"GET /token?fbclid=x HTTP/1.1\r\nHost: h\r\n{field}\r\n\r\n".encode()

    request = parse_simple_request(data, "192.0.2.1")

    expected = {"host": "h", name.lower(): value.strip()}
    recorded = select_recorded_headers(expected)
    assert request == Request(
        method="GET",
        path="/token",
        query="fbclid=x",
        peer="192.0.2.1",
        headers=expected,
        recorded_headers=recorded,
    )


def test_simple_requests_keep_their_forwarded_for() -> None:
    data = "GET /token HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: {}\r\nX-Forwarded-Proto: https\r\n\r\n"
    callers = ["203.0.113.9", "203.0.113.10", "203.0.113.9"]

    requests = [parse_simple_request(data.format(caller).encode(), "192.0.2.1") for caller in callers]

    assert callers == [request.headers["x-forwarded-for"] for request in requests if request]
    assert ["https"] * 3 == [request.headers["x-forwarded-proto"] for request in requests if request]


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.0\r\nHost: h\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nconnection: Close\r\n\r\n",
    ],
)
def test_simple_requests_may_close_the_connection(data: bytes) -> None:
    reader = RequestReader("192.0.2.1")

    assert [parse_simple_request(data, "192.0.2.1")] == reader.feed(data)
    assert reader.is_finished


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: h\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 4_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\nX-Forwarded-For: 203.0.113.9",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n",
    ],
    ids=["cut", "two", "body", "no host", "two hosts", "long", "cut behind it", "behind it", "two proxies"],
)
def test_other_requests_are_not_simple(data: bytes) -> None:
    assert parse_simple_request(data, "192.0.2.1") is None
