"""Read requests out of the bytes of one connection (RFC 9112), and stop at the first that is not to be read."""

import re
import string
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

import httptools

from clicktrail.server.edge.proxy_protocol import read_proxy_header
from clicktrail.server.pipeline.request import Request, kept_headers

__all__ = ["KEPT_BODY", "MAX_BODY", "MAX_HEAD", "Refusal", "RequestReader", "read_whole"]

# FOLDED whole.py: Read the request that most clicks are: a GET without a body, in one piece, with fields that
# many browsers send.
#
# What follows the target is the same for each click of everybody with the same browser, and read once. Where it
# is new,
# reading takes a third of the time that a parser takes that calls back for every field. What is the least bit
# unusual is
# left to `reader`, which makes the same of everything that is read here.

_END = b"\r\n\r\n"
_VERSIONS_whole = {b"HTTP/1.0": "1.0", b"HTTP/1.1": "1.1"}
_PLAIN = (string.ascii_letters + string.digits + "_~./?=&%+:@!$'()*,;-").encode()
"""The characters that nobody has to look at twice in a target."""
_VALUE = re.compile(rb"(?:[!-~](?:[ -~]*[!-~])?)?")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ ]?(" + _VALUE.pattern + rb")")
_FRAMING = frozenset({"content-length", "expect", "te", "trailer", "transfer-encoding", "upgrade"})
"""Fields that say that a body follows, or how what follows is framed."""
_CONNECTIONS = frozenset({"close", "keep-alive"})

_FORWARDED = b"\r\nX-Forwarded-For: "
"""As proxies write it that write it as everybody does. Of all that comes with a click by way of them, only this is
another for each reader."""

_KEPT_HEADS = 1024
"""What followed the target, as it was read: everybody sends the same who has the same browser, language and webmail."""
_KEPT_FIELDS = 4096
"""Fields that are remembered as they were read: most come with every click of some browser."""
_LONGEST = 4_000
"""Bytes of a request, and so of anything that is remembered; browsers' have less than half of them."""


class _Head(NamedTuple):
    """All of a request but its first two words."""

    http_version: str
    headers: dict[str, str]
    kept: dict[str, str]


def read_whole(data: bytes, peer: str, *, https: bool = False) -> Request | None:
    """The request that these bytes are, all of them; None if that takes a closer look.

    Args:
        data: as they arrived.
        peer: the address that they came from, as text.
        https: whether they came by TLS.
    """
    if len(data) > _LONGEST or not data.endswith(_END):
        return None
    method, _, rest = data.partition(b" ")
    target, _, rest = rest.partition(b" ")
    if method != b"GET" or not target.startswith(b"/") or target.translate(None, _PLAIN):
        return None
    before, forwarded, behind = rest.partition(_FORWARDED)
    try:
        if forwarded:
            callers, _, behind = behind.partition(b"\r\n")
            head = _with_callers(_read_head(before + b"\r\n" + behind), callers)
        else:
            head = _read_head(rest)
    except _UnusualError:
        return None
    return Request(
        method="GET",
        path=target.partition(b"?")[0].decode(),
        peer=peer,
        headers=head.headers,
        http_version=head.http_version,
        https=https,
        kept=head.kept,
    )


class _UnusualError(Exception):
    """A field is unusual, or tells more than about the client."""


@lru_cache(_KEPT_HEADS)
def _read_head(rest: bytes) -> _Head:
    """Protocol and fields, up to the empty line."""
    protocol, *lines = rest[: -len(_END)].split(b"\r\n")
    version = _VERSIONS_whole.get(protocol)
    headers = dict(map(_read_field, lines))
    if version is None or len(headers) < len(lines) or "host" not in headers:
        raise _UnusualError
    return _Head(version, headers, kept_headers(headers))


def _with_callers(head: _Head, callers: bytes) -> _Head:
    """The head with what a proxy said about who called."""
    if "x-forwarded-for" in head.headers or not _VALUE.fullmatch(callers):
        raise _UnusualError
    return head._replace(headers={**head.headers, "x-forwarded-for": callers.decode()})


@lru_cache(_KEPT_FIELDS)
def _read_field(line: bytes) -> tuple[str, str]:
    """A field's name in lower case and its value."""
    found = _FIELD.fullmatch(line)
    if found is None:
        raise _UnusualError
    name, value = found[1].decode().lower(), found[2].decode()
    if name in _FRAMING or (name == "connection" and value.lower() not in _CONNECTIONS):
        raise _UnusualError
    return name, value


MAX_HEAD = 16 * 1024
"""Bytes of target and header fields. Browsers send a tenth of it: no cookie was ever set on a tracking domain."""

MAX_BODY = 64 * 1024
"""Bytes of a body as it is sent, which is read to its end."""

KEPT_BODY = 1024
"""Bytes of a body that are kept, the first; a landing page sends some 200."""

_VERSIONS = {"1.0", "1.1"}


class Refusal(StrEnum):
    """Why nothing more is read from a connection."""

    BAD_REQUEST = "bad-request"
    HEAD_TOO_LARGE = "head-too-large"
    BODY_TOO_LARGE = "body-too-large"
    TOO_SLOW = "too-slow"


class RequestReader:
    """Feed it what arrives, in pieces of any size.

    Args:
        peer: the address that the connection came from, as text.
        announced: it begins with a header of the PROXY protocol, which tells of another.

    Attributes:
        in_request: a request, or that header, has begun and is not complete.
        awaited: the client wants to hear that it may go on before it sends a body.
        ended: nothing more is read: the last request wanted the connection closed, or one was refused.
        refusal: why the request after those already returned was refused, if one was.
    """

    def __init__(self, peer: str, *, announced: bool = False) -> None:
        self.in_request = announced
        self.awaited = False
        self.ended = False
        self.refusal: Refusal | None = None
        self._peer = peer
        self._https = False
        self._header: bytes | None = b"" if announced else None  # what arrived of it, until it is complete
        self._parser = httptools.HttpRequestParser(self)
        self._complete: list[Request] = []
        self._fed = 0  # bytes of the request in hand, without those that came together with the one before
        self._clear()

    def feed(self, data: bytes) -> list[Request]:
        """The requests that are complete with these bytes."""
        if self._header is not None:
            data = self._behind_header(self._header + data)
        if not (self.in_request or self.ended) and (request := read_whole(data, self._peer, https=self._https)):
            self.ended = request.http_version == "1.0" or request.headers.get("connection", "").lower() == "close"
            return [request]
        self.awaited = False
        self._fed += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.ended = True  # the request is answered as if it had not asked (RFC 9110 section 7.8)
        except httptools.HttpParserCallbackError:
            raise  # a mistake of ours, not the client's
        except httptools.HttpParserError:
            self._refuse(Refusal.BAD_REQUEST)
        if self.in_request and self._fed > MAX_HEAD:
            if not self._in_body:
                self._refuse(Refusal.HEAD_TOO_LARGE)
            elif self._fed > MAX_HEAD + MAX_BODY:
                self._refuse(Refusal.BODY_TOO_LARGE)
        complete, self._complete = self._complete, []
        return complete

    def _behind_header(self, data: bytes) -> bytes:
        """What follows the header of the PROXY protocol, once that is complete."""
        try:
            header = read_proxy_header(data)
        except ValueError:
            self._refuse(Refusal.BAD_REQUEST)
            return b""
        if header is None:
            self._header = data
            return b""
        self._header = None
        self.in_request = False
        self._peer = header.client or self._peer
        self._https = header.https
        return data[header.size :]

    def on_message_begin(self) -> None:
        """Called by the parser at a request's first byte."""
        self.in_request = True
        self._clear()

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
            if size > MAX_HEAD:
                self._refuse(Refusal.HEAD_TOO_LARGE)
                return
            key, text = name.decode("latin-1").lower(), value.decode("latin-1")
            if key not in self._headers:
                self._headers[key] = text
            elif key == "host":
                self._refuse(Refusal.BAD_REQUEST)
            else:
                self._headers[key] += f", {text}"
        # RFC 9112 section 3.2: one Host, which HTTP/1.0 may leave out.
        if self._version not in _VERSIONS or (self._version == "1.1" and "host" not in self._headers):
            self._refuse(Refusal.BAD_REQUEST)
        elif int(self._headers.get("content-length", 0)) > MAX_BODY:
            self._refuse(Refusal.BODY_TOO_LARGE)
        elif self._version == "1.1":  # older clients mean nothing by it (RFC 9110 section 10.1.1)
            self.awaited = self._headers.get("expect", "").lower() == "100-continue"

    def on_body(self, part: bytes) -> None:
        """Called by the parser with the body, decoded, or with what arrived of it."""
        self.awaited = False
        self._body += part[: KEPT_BODY - len(self._body)]

    def on_message_complete(self) -> None:
        """Called by the parser at a request's last byte."""
        self.in_request = self.awaited = False
        self._fed = 0
        if self.ended:
            return
        self._complete.append(
            Request(
                method=self._parser.get_method().decode("latin-1"),
                path=_path(self._target.decode("latin-1")),
                peer=self._peer,
                headers=self._headers,
                http_version=self._version,
                https=self._https,
                body=self._body,
                kept=kept_headers(self._headers),
            )
        )
        self.ended = self._version == "1.0" or not self._parser.should_keep_alive()

    def _clear(self) -> None:
        self._in_body = False
        self._target = b""
        self._body = b""
        self._version = ""
        self._fields: list[tuple[bytes, bytes]] = []
        self._headers: dict[str, str] = {}

    def _refuse(self, refusal: Refusal) -> None:
        if not self.ended:
            self.ended = True
            self.refusal = refusal


def _path(target: str) -> str:
    """The path of a target, which a client that takes us for a proxy sends as a whole URL (RFC 9112 section 3.2.2)."""
    if not target.startswith("/"):
        target = "/" + target.partition("://")[2].partition("/")[2]
    return target.partition("?")[0]
