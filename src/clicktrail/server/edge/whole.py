"""Read the request that most clicks are: a GET without a body, in one piece, with fields that many browsers send.

What follows the target is the same for each click of everybody with the same browser, and read once. Where it is new,
reading takes a third of the time that a parser takes that calls back for every field. What is the least bit unusual is
left to `reader`, which makes the same of everything that is read here.
"""

import re
import string
from functools import lru_cache
from typing import NamedTuple

from clicktrail.server.pipeline.headers import kept_headers
from clicktrail.server.pipeline.redirect import Request

__all__ = ["read_whole"]

_END = b"\r\n\r\n"
_VERSIONS = {b"HTTP/1.0": "1.0", b"HTTP/1.1": "1.1"}
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
    version = _VERSIONS.get(protocol)
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
