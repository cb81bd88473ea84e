"""Read requests out of the bytes of one connection (RFC 9112), and stop at the first that is not to be read."""

import re
import string
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

import httptools

from clicktrail.server.edge.proxy_protocol import parse_proxy_header
from clicktrail.server.pipeline.request import Request, select_recorded_headers

__all__ = [
    "BODY_PREFIX_BYTES",
    "MAX_BODY_BYTES",
    "MAX_REQUEST_HEAD_BYTES",
    "Refusal",
    "RequestReader",
    "parse_simple_request",
]

# FOLDED whole.py: Read the request that most clicks are: a GET without a body, in one piece, with fields that
# many browsers send.
#
# What follows the target is the same for each click of everybody with the same browser, and read once. Where it
# is new,
# reading takes a third of the time that a parser takes that calls back for every field. What is the least bit
# unusual is
# left to `reader`, which makes the same of everything that is read here.

_HEAD_END = b"\r\n\r\n"
_VERSION_BY_PROTOCOL = {b"HTTP/1.0": "1.0", b"HTTP/1.1": "1.1"}
_SIMPLE_TARGET_CHARS = (string.ascii_letters + string.digits + "_~./?=&%+:@!$'()*,;-").encode()
"""The characters that nobody has to look at twice in a target."""
_HEADER_VALUE = re.compile(rb"(?:[!-~](?:[ -~]*[!-~])?)?")
_HEADER_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ ]?(" + _HEADER_VALUE.pattern + rb")")
_FRAMING_HEADERS = frozenset({"content-length", "expect", "te", "trailer", "transfer-encoding", "upgrade"})
"""Fields that say that a body follows, or how what follows is framed."""
_SIMPLE_CONNECTION_VALUES = frozenset({"close", "keep-alive"})

_FORWARDED_FOR_PREFIX = b"\r\nX-Forwarded-For: "
"""As proxies write it that write it as everybody does. Of all that comes with a click by way of them, only this is
another for each reader."""

_HEAD_CACHE_SIZE = 1024
"""What followed the target, as it was read: everybody sends the same who has the same browser, language and webmail."""
_HEADER_CACHE_SIZE = 4096
"""Fields that are remembered as they were read: most come with every click of some browser."""
_MAX_SIMPLE_REQUEST_BYTES = 4_000
"""Bytes of a request, and so of anything that is remembered; browsers' have less than half of them."""


class _Head(NamedTuple):
    """All of a request but its first two words."""

    http_version: str
    headers: dict[str, str]
    recorded_headers: dict[str, str]


def parse_simple_request(data: bytes, peer: str, *, https: bool = False) -> Request | None:
    """The request that these bytes are, all of them; None if that takes a closer look.

    Args:
        data: as they arrived.
        peer: the address that they came from, as text.
        https: whether they came by TLS.
    """
    if len(data) > _MAX_SIMPLE_REQUEST_BYTES or not data.endswith(_HEAD_END):
        return None
    method, _, rest = data.partition(b" ")
    target, _, rest = rest.partition(b" ")
    if method != b"GET" or not target.startswith(b"/") or target.translate(None, _SIMPLE_TARGET_CHARS):
        return None
    before, forwarded, behind = rest.partition(_FORWARDED_FOR_PREFIX)
    try:
        if forwarded:
            callers, _, behind = behind.partition(b"\r\n")
            head = _add_forwarded_for(_parse_head(before + b"\r\n" + behind), callers)
        else:
            head = _parse_head(rest)
    except _NotSimpleError:
        return None
    return Request(
        method="GET",
        path=target.partition(b"?")[0].decode(),
        peer=peer,
        headers=head.headers,
        http_version=head.http_version,
        https=https,
        recorded_headers=head.recorded_headers,
    )


class _NotSimpleError(Exception):
    """A field is unusual, or tells more than about the client."""


@lru_cache(_HEAD_CACHE_SIZE)
def _parse_head(rest: bytes) -> _Head:
    """Protocol and fields, up to the empty line."""
    protocol, *lines = rest[: -len(_HEAD_END)].split(b"\r\n")
    version = _VERSION_BY_PROTOCOL.get(protocol)
    headers = dict(map(_parse_header_line, lines))
    if version is None or len(headers) < len(lines) or "host" not in headers:
        raise _NotSimpleError
    return _Head(version, headers, select_recorded_headers(headers))


def _add_forwarded_for(head: _Head, forwarded_for: bytes) -> _Head:
    """The head with what a proxy said about who called."""
    if "x-forwarded-for" in head.headers or not _HEADER_VALUE.fullmatch(forwarded_for):
        raise _NotSimpleError
    return head._replace(headers={**head.headers, "x-forwarded-for": forwarded_for.decode()})


@lru_cache(_HEADER_CACHE_SIZE)
def _parse_header_line(line: bytes) -> tuple[str, str]:
    """A field's name in lower case and its value."""
    found = _HEADER_LINE.fullmatch(line)
    if found is None:
        raise _NotSimpleError
    name, value = found[1].decode().lower(), found[2].decode()
    if name in _FRAMING_HEADERS or (name == "connection" and value.lower() not in _SIMPLE_CONNECTION_VALUES):
        raise _NotSimpleError
    return name, value


MAX_REQUEST_HEAD_BYTES = 16 * 1024
"""Bytes of target and header fields. Browsers send a tenth of it: no cookie was ever set on a tracking domain."""

MAX_BODY_BYTES = 64 * 1024
"""Bytes of a body as it is sent, which is read to its end."""

BODY_PREFIX_BYTES = 1024
"""Bytes of a body that are kept, the first; a landing page sends some 200."""

_SUPPORTED_VERSIONS = {"1.0", "1.1"}


class Refusal(StrEnum):
    """Why nothing more is read from a connection."""

    BAD_REQUEST = "bad-request"
    HEADERS_TOO_LARGE = "headers-too-large"
    BODY_TOO_LARGE = "body-too-large"
    TOO_SLOW = "too-slow"


class RequestReader:
    """Feed it what arrives, in pieces of any size.

    Args:
        peer: the address that the connection came from, as text.
        expect_proxy_header: it begins with a header of the PROXY protocol, which tells of another.

    Attributes:
        in_request: a request, or that header, has begun and is not complete.
        expects_continue: the client wants to hear that it may go on before it sends a body.
        is_finished: nothing more is read: the last request wanted the connection closed, or one was refused.
        refusal: why the request after those already returned was refused, if one was.
    """

    def __init__(self, peer: str, *, expect_proxy_header: bool = False) -> None:
        self.in_request = expect_proxy_header
        self.expects_continue = False
        self.is_finished = False
        self.refusal: Refusal | None = None
        self._peer = peer
        self._https = False
        self._proxy_header: bytes | None = (
            b"" if expect_proxy_header else None
        )  # what arrived of it, until it is complete
        self._parser = httptools.HttpRequestParser(self)
        self._requests: list[Request] = []
        self._request_bytes = 0  # bytes of the request in hand, without those that came together with the one before
        self._reset_request()

    def feed(self, data: bytes) -> list[Request]:
        """The requests that are complete with these bytes."""
        if self._proxy_header is not None:
            data = self._consume_proxy_header(self._proxy_header + data)
        if not (self.in_request or self.is_finished) and (
            request := parse_simple_request(data, self._peer, https=self._https)
        ):
            self.is_finished = request.http_version == "1.0" or request.headers.get("connection", "").lower() == "close"
            return [request]
        self.expects_continue = False
        self._request_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.is_finished = True  # the request is answered as if it had not asked (RFC 9110 section 7.8)
        except httptools.HttpParserCallbackError:
            raise  # a mistake of ours, not the client's
        except httptools.HttpParserError:
            self._refuse(Refusal.BAD_REQUEST)
        if self.in_request and self._request_bytes > MAX_REQUEST_HEAD_BYTES:
            if not self._in_body:
                self._refuse(Refusal.HEADERS_TOO_LARGE)
            elif self._request_bytes > MAX_REQUEST_HEAD_BYTES + MAX_BODY_BYTES:
                self._refuse(Refusal.BODY_TOO_LARGE)
        complete, self._requests = self._requests, []
        return complete

    def _consume_proxy_header(self, data: bytes) -> bytes:
        """What follows the header of the PROXY protocol, once that is complete."""
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
        self._peer = header.client_ip or self._peer
        self._https = header.https
        return data[header.size :]

    def on_message_begin(self) -> None:
        """Called by the parser at a request's first byte."""
        self.in_request = True
        self._reset_request()

    def on_url(self, part: bytes) -> None:
        """Called by the parser with the target, or with what arrived of it."""
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser with each header field, and with trailers, which are none (RFC 9110 section 6.5.1)."""
        if not self._in_body:
            self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        """Called by the parser at the end of the head. All fields are read at once: a loop costs less than calls."""
        self._in_body = True
        self._version = self._parser.get_http_version()
        size = len(self._target)
        for name, value in self._fields:
            size += len(name) + len(value)
            if size > MAX_REQUEST_HEAD_BYTES:
                self._refuse(Refusal.HEADERS_TOO_LARGE)
                return
            key, text = name.decode("latin-1").lower(), value.decode("latin-1")
            if key not in self._headers:
                self._headers[key] = text
            elif key == "host":
                self._refuse(Refusal.BAD_REQUEST)
            else:
                self._headers[key] += f", {text}"
        # RFC 9112 section 3.2: one Host, which HTTP/1.0 may leave out.
        if self._version not in _SUPPORTED_VERSIONS or (self._version == "1.1" and "host" not in self._headers):
            self._refuse(Refusal.BAD_REQUEST)
        elif int(self._headers.get("content-length", 0)) > MAX_BODY_BYTES:
            self._refuse(Refusal.BODY_TOO_LARGE)
        elif self._version == "1.1":  # older clients mean nothing by it (RFC 9110 section 10.1.1)
            self.expects_continue = self._headers.get("expect", "").lower() == "100-continue"

    def on_body(self, part: bytes) -> None:
        """Called by the parser with the body, decoded, or with what arrived of it."""
        self.expects_continue = False
        self._body += part[: BODY_PREFIX_BYTES - len(self._body)]

    def on_message_complete(self) -> None:
        """Called by the parser at a request's last byte."""
        self.in_request = self.expects_continue = False
        self._request_bytes = 0
        if self.is_finished:
            return
        self._requests.append(
            Request(
                method=self._parser.get_method().decode("latin-1"),
                path=_extract_path(self._target.decode("latin-1")),
                peer=self._peer,
                headers=self._headers,
                http_version=self._version,
                https=self._https,
                body=self._body,
                recorded_headers=select_recorded_headers(self._headers),
            )
        )
        self.is_finished = self._version == "1.0" or not self._parser.should_keep_alive()

    def _reset_request(self) -> None:
        self._in_body = False
        self._target = b""
        self._body = b""
        self._version = ""
        self._fields: list[tuple[bytes, bytes]] = []
        self._headers: dict[str, str] = {}

    def _refuse(self, refusal: Refusal) -> None:
        if not self.is_finished:
            self.is_finished = True
            self.refusal = refusal


def _extract_path(target: str) -> str:
    """The path of a target, which a client that takes us for a proxy sends as a whole URL (RFC 9112 section 3.2.2)."""
    if not target.startswith("/"):
        target = "/" + target.partition("://")[2].partition("/")[2]
    return target.partition("?")[0]
