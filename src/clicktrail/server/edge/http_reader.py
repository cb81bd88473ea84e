"""Parse HTTP/1.x requests from the bytes of one connection (RFC 9112), and refuse invalid or oversized ones.

`parse_simple_request` handles what most clicks are: a GET without a body that arrives in one piece, with headers as
browsers send them. It caches what follows the target, because clients with the same browser send the same bytes;
even without a cache hit it takes a third of the time of a parser with a callback for each header. Everything else goes
to llhttp (`httptools`) in `RequestReader`. For all that `parse_simple_request` accepts, both give the same result.
"""

import re
import string
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

import httptools

from clicktrail.server.edge.proxy_protocol import parse_proxy_header
from clicktrail.server.pipeline.request import Request, select_recorded_headers

MAX_REQUEST_HEAD_BYTES = 16 * 1024
"""Size of target and headers. Browsers send a tenth of it: a tracking domain never sets a cookie."""

MAX_HEADERS = 100
"""Number of headers of a request. A browser behind two proxies sends about thirty."""


_MAX_PART_BYTES = 4 * 1024
"""What is parsed of a connection, up to the end of one request, before others get their turn. Few requests of a browser
are larger."""


class BodyLimits(NamedTuple):
    """Size limits of a request body.

    Attributes:
        max_bytes: size as sent, chunk headers included; a larger body is refused with 413.
        kept_bytes: length of the beginning that `Request.body` keeps; the rest is read and discarded.
    """

    max_bytes: int
    kept_bytes: int


DEFAULT_BODY_LIMITS = BodyLimits(max_bytes=64 * 1024, kept_bytes=0)

BODY_LIMITS = {
    "e": BodyLimits(max_bytes=64 * 1024, kept_bytes=1024),  # beacons of landing pages, about 200 bytes
}
"""Limits by the first segment of the path."""


def get_body_limits(path: str) -> BodyLimits:
    """Limits for the body of a request to ``path``."""
    return BODY_LIMITS.get(path.split("/", 2)[1], DEFAULT_BODY_LIMITS)


class Refusal(StrEnum):
    """Why a connection is not read any further."""

    BAD_REQUEST = "bad-request"
    HEADERS_TOO_LARGE = "headers-too-large"
    BODY_TOO_LARGE = "body-too-large"
    TOO_SLOW = "too-slow"


_SUPPORTED_VERSIONS = {"1.0", "1.1"}


class RequestReader:
    """Parse the bytes of one connection, fed in pieces of any size.

    Args:
        expect_proxy_header: whether the connection starts with a PROXY protocol header, which names the client.

    Attributes:
        in_request: whether a request, or the PROXY protocol header, has started and is incomplete.
        expects_continue: whether the client waits for "100 Continue" before it sends a body.
        is_finished: whether no more is read: the last request closes the connection, or one was refused.
        peer: IP address at the other end of the connection, or that of the PROXY protocol header.
        https: whether the connection uses TLS, by the PROXY protocol header.
        refusal: why the request after those returned was refused; None if none was.
    """

    def __init__(self, peer: str, *, expect_proxy_header: bool = False) -> None:
        self.in_request = expect_proxy_header
        self.expects_continue = False
        self.is_finished = False
        self.refusal: Refusal | None = None
        self.peer = peer
        self.https = False
        self._proxy_header: bytes | None = b"" if expect_proxy_header else None  # received so far; None once complete
        self._parser = httptools.HttpRequestParser(self)
        self._requests: list[Request] = []
        self._request_bytes = 0  # of the current request, without bytes that arrived together with the previous one
        self._reset_request()

    def feed_part(self, data: bytes) -> tuple[list[Request], int]:
        """Add the beginning of received bytes, at most the head of one request.

        Returns the requests that it completes, and its length. Repeat the call with the rest when other connections had
        their turn: with ever more requests in one piece, a client could occupy the process.
        """
        requests = self._feed_simple_request(data)
        if requests:
            return requests, len(data)
        end = _find_part_end(data)
        return self.feed(data[:end]), end

    def feed(self, data: bytes) -> list[Request]:
        """Add received bytes, and return the requests that they complete."""
        if self._proxy_header is not None:
            data = self._consume_proxy_header(self._proxy_header + data)
        if not self.in_request:
            data = _encode_first_line(data)
        if requests := self._feed_simple_request(data):
            return requests
        self.expects_continue = False
        self._request_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.is_finished = True  # the upgrade is ignored (RFC 9110 section 7.8)
        except httptools.HttpParserCallbackError:
            raise  # a bug in a callback, not the client's error
        except httptools.HttpParserError:
            self._refuse(Refusal.BAD_REQUEST)
        if self.in_request and self._request_bytes > MAX_REQUEST_HEAD_BYTES:
            if not self._in_body:
                self._refuse(Refusal.HEADERS_TOO_LARGE)
            elif self._request_bytes > MAX_REQUEST_HEAD_BYTES + self._body_limits.max_bytes:
                self._refuse(Refusal.BODY_TOO_LARGE)
        complete, self._requests = self._requests, []
        return complete

    def _feed_simple_request(self, data: bytes) -> list[Request]:
        """Return the request if the bytes are exactly one simple request; otherwise nothing, and they are not added."""
        if self.in_request or self.is_finished:
            return []
        request = parse_simple_request(_encode_first_line(data), self.peer, https=self.https)
        if request is None:
            return []
        self.is_finished = is_last_request(request)
        return [request]

    def _consume_proxy_header(self, data: bytes) -> bytes:
        """Parse the PROXY protocol header, and return what follows it; empty while the header is incomplete."""
        try:
            header = parse_proxy_header(data)
        except ValueError:
            self._refuse(Refusal.BAD_REQUEST)
            return b""
        if header is None:
            self._proxy_header = data
            return b""
        self._proxy_header = None
        self.in_request = False
        self.peer = header.client_ip or self.peer
        self.https = header.https
        return data[header.size :]

    def on_message_begin(self) -> None:
        """Parser callback: a request starts."""
        self.in_request = True
        self._reset_request()

    def on_url(self, part: bytes) -> None:
        """Parser callback: the target or a part of it."""
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Parser callback: a header or a trailer. Trailers are ignored (RFC 9110 section 6.5.1)."""
        if self._in_body:
            return
        self._fields.append((name, value))
        if len(self._fields) > MAX_HEADERS:
            self._refuse(Refusal.HEADERS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """Parser callback: the headers are complete. One loop here costs less than a callback for each."""
        self._in_body = True
        if self.is_finished:
            return
        self._version = self._parser.get_http_version()
        self._path, self._query = _split_target(self._target.decode("latin-1"))
        self._body_limits = get_body_limits(self._path)
        size = len(self._target)
        for name, value in self._fields:
            size += len(name) + len(value)
            if size > MAX_REQUEST_HEAD_BYTES:
                self._refuse(Refusal.HEADERS_TOO_LARGE)
                return
            key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")
            if key not in self._headers:
                self._headers[key] = text
            elif key == "host":
                self._refuse(Refusal.BAD_REQUEST)
            else:
                self._headers[key] += f", {text}"
        # RFC 9112 section 3.2: exactly one Host, optional in HTTP/1.0.
        if self._version not in _SUPPORTED_VERSIONS or (self._version == "1.1" and "host" not in self._headers):
            self._refuse(Refusal.BAD_REQUEST)
        elif int(self._headers.get("content-length", 0)) > self._body_limits.max_bytes:
            self._refuse(Refusal.BODY_TOO_LARGE)
        elif self._version == "1.1":  # ignored in HTTP/1.0 (RFC 9110 section 10.1.1)
            self.expects_continue = self._headers.get("expect", "").lower() == "100-continue"

    def on_body(self, part: bytes) -> None:
        """Parser callback: the decoded body or a part of it."""
        self.expects_continue = False
        self._body += part[: self._body_limits.kept_bytes - len(self._body)]

    def on_message_complete(self) -> None:
        """Parser callback: the request is complete."""
        self.in_request = self.expects_continue = False
        self._request_bytes = 0
        if self.is_finished:
            return
        self._requests.append(
            Request(
                method=self._parser.get_method().decode("latin-1"),
                path=self._path,
                query=self._query,
                peer=self.peer,
                headers=self._headers,
                http_version=self._version,
                https=self.https,
                body=bytes(self._body),
                recorded_headers=select_recorded_headers(self._headers),
            )
        )
        self.is_finished = self._version == "1.0" or not self._parser.should_keep_alive()

    def _reset_request(self) -> None:
        self._in_body = False
        self._target = b""
        self._body = bytearray()
        self._body_limits = DEFAULT_BODY_LIMITS
        self._path = self._query = ""
        self._version = ""
        self._fields: list[tuple[bytes, bytes]] = []
        self._headers: dict[str, str] = {}

    def _refuse(self, refusal: Refusal) -> None:
        if not self.is_finished:
            self.is_finished = True
            self.refusal = refusal


def _encode_first_line(data: bytes) -> bytes:
    """Percent-encode bytes beyond ASCII in the target of a request, as browsers do.

    Some programs send the text around a link as it is, such as a zero-width space. llhttp refuses these bytes.
    """
    if len(data) > _MAX_PART_BYTES or data.isascii():
        return data
    line, line_end, rest = data.partition(b"\r\n")
    return _NOT_ASCII.sub(lambda match: b"%%%02X" % match[0][0], line) + line_end + rest


def _find_part_end(data: bytes) -> int:
    position = data.find(_HEAD_END, 0, _MAX_PART_BYTES)
    return min(len(data), _MAX_PART_BYTES) if position < 0 else position + len(_HEAD_END)


def _split_target(target: str) -> tuple[str, str]:
    """Path and query of a target, which can also be a whole URL (RFC 9112 section 3.2.2)."""
    if not target.startswith("/"):
        target = "/" + target.partition("://")[2].partition("/")[2]
    path, _, query = target.partition("?")
    return path, query


_HEAD_END = b"\r\n\r\n"
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_VERSION_BY_PROTOCOL = {b"HTTP/1.0": "1.0", b"HTTP/1.1": "1.1"}
_SIMPLE_TARGET_CHARS = (string.ascii_letters + string.digits + "_~./?=&%+:@!$'()*,;-").encode()
"""Characters that need no check in a target."""
_HEADER_VALUE = re.compile(rb"(?:[!-~](?:[ -~]*[!-~])?)?")
_HEADER_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ ]?(" + _HEADER_VALUE.pattern + rb")")
_FRAMING_HEADERS = frozenset({"content-length", "expect", "te", "trailer", "transfer-encoding", "upgrade"})
"""Headers that announce a body or change how the following bytes are framed."""
_SIMPLE_CONNECTION_VALUES = frozenset({"close", "keep-alive"})

_FORWARDED_FOR_PREFIX = b"\r\nX-Forwarded-For: "
"""As common proxies write it. It is kept out of the cached head, because it differs for each client."""

_HEAD_CACHE_SIZE = 1024
"""Heads in the cache. Clients with the same browser, language and webmail send the same head."""
_HEADER_CACHE_SIZE = 4096
"""Header lines in the cache."""
_MAX_SIMPLE_REQUEST_BYTES = 4_000
"""Size of a request, and so of any cache entry. Browsers send less than half of it."""


class _Head(NamedTuple):
    """A request without its method and target."""

    http_version: str
    headers: dict[str, str]
    recorded_headers: dict[str, str]


def split_forwarded_for(head: bytes) -> tuple[bytes, str]:
    """Split a head into the rest and the value of ``X-Forwarded-For``.

    The value is empty if the header is missing, invalid, or not as common proxies write it.
    """
    before, _, after = head.partition(_FORWARDED_FOR_PREFIX)
    value, _, rest = after.partition(b"\r\n")
    if not value or not _HEADER_VALUE.fullmatch(value):
        return head, ""
    return before + b"\r\n" + rest, value.decode()


def parse_simple_request(data: bytes, peer: str, *, https: bool = False) -> Request | None:
    """Parse bytes that are exactly one simple request; None if they need the full parser."""
    if len(data) > _MAX_SIMPLE_REQUEST_BYTES or not data.endswith(_HEAD_END):
        return None
    method, _, rest = data.partition(b" ")
    target, _, rest = rest.partition(b" ")
    if method != b"GET" or not target.startswith(b"/") or target.translate(None, _SIMPLE_TARGET_CHARS):
        return None
    rest, forwarded_for = split_forwarded_for(rest)
    try:
        head = _parse_head(rest)
    except _NeedsFullParserError:
        return None
    headers = head.headers
    if forwarded_for:
        if "x-forwarded-for" in headers:
            return None
        headers = {**headers, "x-forwarded-for": forwarded_for}
    path, _, query = target.partition(b"?")
    return Request(
        method="GET",
        path=path.decode(),
        query=query.decode(),
        peer=peer,
        headers=headers,
        http_version=head.http_version,
        https=https,
        recorded_headers=head.recorded_headers,
    )


def is_last_request(request: Request) -> bool:
    """Whether a simple request is the last one of its connection."""
    return request.http_version == "1.0" or request.headers.get("connection", "").lower() == "close"


class _NeedsFullParserError(Exception):
    """The request needs the full parser."""


@lru_cache(_HEAD_CACHE_SIZE)
def _parse_head(rest: bytes) -> _Head:
    protocol, *lines = rest[: -len(_HEAD_END)].split(b"\r\n")
    version = _VERSION_BY_PROTOCOL.get(protocol)
    headers = dict(map(_parse_header_line, lines))
    if version is None or len(headers) < len(lines) or "host" not in headers:
        raise _NeedsFullParserError
    return _Head(version, headers, select_recorded_headers(headers))


@lru_cache(_HEADER_CACHE_SIZE)
def _parse_header_line(line: bytes) -> tuple[str, str]:
    match = _HEADER_LINE.fullmatch(line)
    if match is None:
        raise _NeedsFullParserError
    name, value = match[1].decode().lower(), match[2].decode()
    if name in _FRAMING_HEADERS or (name == "connection" and value.lower() not in _SIMPLE_CONNECTION_VALUES):
        raise _NeedsFullParserError
    return name, value
