"""Requests read at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.server.edge.reader import RequestReader
from clicktrail.server.edge.whole import read_whole
from clicktrail.server.pipeline.headers import kept_headers
from clicktrail.server.pipeline.redirect import Request

_LINES = (
    *(
        "Host: click.example",
        "host:h",
        "User-Agent: Mozilla/5.0 (X11; Linux)",
        "Accept: */*;q=0.8",
        "X:",
        "X: ",
        "x:  a",
    ),
    *(
        "Connection: keep-alive",
        "connection: close",
        "Connection: Close, x",
        "Upgrade: h2c",
        "Content-Length: 0",
        "Content-Length: 3",
        "Te: t",
    ),
    *(
        "X-Forwarded-For: 203.0.113.9",
        "X-Forwarded-For:  203.0.113.9, 192.0.2.7",
        "x-forwarded-for: 203.0.113.9",
        "X-Forwarded-For: é",
        "X-Forwarded-Proto: https",
    ),
    *(
        "Transfer-Encoding: chunked",
        "Expect: 100-continue",
        "A B: c",
        " folded",
        "no colon",
        "x: a\tb",
        "x: a ",
        "x: é",
    ),
    *("", "x\r: y", "x: a\0", "Sec-Fetch-Site: none", "Cookie: a=b; c=d", ": empty name"),
)
_REQUEST_LINES = (
    *("GET /token HTTP/1.1", "GET /a?b=c HTTP/1.1", "GET /a?b?c HTTP/1.1", "GET /a HTTP/1.0", "HEAD / HTTP/1.1"),
    *("GET /a#b HTTP/1.1", "GET /a b HTTP/1.1", "GET http://x/ HTTP/1.1", "GET * HTTP/1.1", "GET /%zz//. HTTP/1.1"),
    *("GET  / HTTP/1.1", "get / HTTP/1.1", "GET / HTTP/2.0", "GET /é HTTP/1.1", 'GET /"<> HTTP/1.1', ""),
)


@given(
    st.sampled_from(_REQUEST_LINES), st.lists(st.sampled_from(_LINES), max_size=6), st.sampled_from(["", "x", "\r\n"])
)
def test_what_is_read_at_once_is_what_the_parser_reads(first: str, lines: list[str], rest: str) -> None:
    """In every field; and the connection goes on, or ends, by it."""
    data = "\r\n".join([first, *lines, "", rest]).encode()
    if request := read_whole(data, "192.0.2.1"):
        at_once, in_pieces = RequestReader("192.0.2.1"), RequestReader("192.0.2.1")
        assert [request] == at_once.feed(data) == in_pieces.feed(data[:1]) + in_pieces.feed(data[1:])
        assert (at_once.ended, None) == (in_pieces.ended, in_pieces.refusal)


@pytest.mark.parametrize(
    "field",
    [
        *("Connection: keep-alive", "Accept: text/html,*/*;q=0.8", 'sec-ch-ua: "Not_A Brand"', "X:"),
        *("X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 203.0.113.10, 192.0.2.7"),
    ],
)
def test_what_browsers_send_is_read_at_once(field: str) -> None:
    """Names in lower case, values as they were sent, no query."""
    name, _, value = field.partition(":")
    data = f"GET /token?fbclid=x HTTP/1.1\r\nHost: h\r\n{field}\r\n\r\n".encode()

    request = read_whole(data, "192.0.2.1")

    expected = {"host": "h", name.lower(): value.strip()}
    kept = kept_headers(expected)
    assert Request(method="GET", path="/token", peer="192.0.2.1", headers=expected, kept=kept) == request


def test_readers_behind_a_proxy_are_told_apart() -> None:
    """Who called is read anew, though all else was the same before."""
    data = "GET /token HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: {}\r\nX-Forwarded-Proto: https\r\n\r\n"
    callers = ["203.0.113.9", "203.0.113.10", "203.0.113.9"]

    requests = [read_whole(data.format(caller).encode(), "192.0.2.1") for caller in callers]

    assert callers == [request.headers["x-forwarded-for"] for request in requests if request]
    assert ["https"] * 3 == [request.headers["x-forwarded-proto"] for request in requests if request]


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.0\r\nHost: h\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nconnection: Close\r\n\r\n",
    ],
)
def test_what_ends_its_connection_is_read_at_once(data: bytes) -> None:
    """As nginx asks what is behind it, unless it is told to keep connections."""
    reader = RequestReader("192.0.2.1")

    assert [read_whole(data, "192.0.2.1")] == reader.feed(data)
    assert reader.ended


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
def test_all_else_takes_a_closer_look(data: bytes) -> None:
    """What is cut, more than one request, has a body, or is refused for its host."""
    assert read_whole(data, "192.0.2.1") is None
