"""Read requests out of the bytes of one connection (RFC 9112), and stop at the first that is not to be read."""

from enum import StrEnum

import httptools

from clicktrail.server.edge.proxy_protocol import read_proxy_header
from clicktrail.server.edge.whole import read_whole
from clicktrail.server.pipeline.headers import kept_headers
from clicktrail.server.pipeline.redirect import Request

__all__ = ["KEPT_BODY", "MAX_BODY", "MAX_HEAD", "Refusal", "RequestReader"]

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
