"""The edge is no open redirect: 100,000 requests with forged tokens, hosts and paths."""

import binascii
import contextlib
import itertools
import re
import string
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from typing import Any
from urllib.parse import unquote

import pytest

from clicktrail.model.link_set import LinkSet, ShortLinkMessage, StoredLink
from clicktrail.server.edge.http_reader import RequestReader
from clicktrail.server.edge.responses import Response
from clicktrail.server.settings import get_environment
from clicktrail.tokens import (
    SECRET_BYTES,
    Key,
    KeyRing,
    SealedLink,
    SealedMessage,
    build_token_suffixes,
    encode_short_token,
    seal_token,
    seal_token_prefix,
)
from tests.support.edge import NOW, RING, build_request, build_routes
from tests.support.manual_journal import ManualJournal
from tests.support.memory_registry import MemoryRegistry
from tests.support.old_short_tokens import encode_old_short_token

COUNT = int(get_environment().get("CLICKTRAIL_FORGED_LINKS", "100000"))
"""``./dev forge`` asks for a million."""

PIECES = (
    *(string.ascii_letters + string.digits + "-_"),
    *("", ".", "=", "/", "//", "\\", "..", "%00", "%2F", "%41", "+", "~", "@evil.example", "https://evil.example/"),
    *(">", "&a=b", "#a", "3D", "=3D", "=41", "%20", "%0A", "%3E", "%2D", "%252E", "%C2%AD", "%E2%80%8B", "%E2%80%91"),
)
DESTINATIONS = [f"https://shop.example/{number}?utm_source=email" for number in range(3)]
OTHER_RING = KeyRing([Key(number=0, secret=b"o" * SECRET_BYTES)])
HOSTS = ("click.example", "evil.example", "click.example@evil.example", "evil.example/click.example", "")
HEADERS = (
    "",
    "X-Forwarded-Host: evil.example\r\nForwarded: host=evil.example;proto=https\r\n",
    "X-Original-URL: https://evil.example/\r\nX-Rewrite-URL: //evil.example/\r\n",
    "Referer: https://evil.example/\r\nOrigin: https://evil.example\r\n",
    "Location: https://evil.example/\r\nRefresh: 0;url=https://evil.example/\r\n",
)
PATHS = (
    *("/", "//evil.example", "//evil.example/%2e%2e", "/\\evil.example", "/%2F/evil.example", "/https://evil.example/"),
    *(
        "https://evil.example/",
        "http://click.example//evil.example",
        "/?url=https://evil.example/",
        "/r?u=//evil.example",
    ),
    *("/%0d%0aLocation:%20https://evil.example/", "/;@evil.example", "/.evil.example", "*", "/@evil.example/+", "/+"),
)


class Edge:
    def __init__(self) -> None:
        self._registry = MemoryRegistry()
        self._journal = ManualJournal()
        self._routes = build_routes(self._journal, registry=self._registry, create_task=_at_once)
        links = tuple(StoredLink(position=at, destination=url) for at, url in enumerate(DESTINATIONS))
        _at_once(self._registry.link_sets.add(LinkSet(campaign="spring", created_at=NOW, links=links)))
        message = ShortLinkMessage(code=77, message_id="m", recipient="", campaign="", created_at=NOW, links=links)
        _at_once(self._registry.short_links.add(message))
        self.statuses = Counter[bytes]()

    def request(self, data: bytes) -> list[str]:
        responses: list[Response] = []
        for asked in RequestReader("192.0.2.1").feed(data):
            self._routes.answer(asked, responses.append)
        self._journal.finish_commits(committed=True)
        self._journal.lines.clear()
        self.statuses.update(response.head[9:12] for response in responses)
        fields = (field for response in responses for field in response.head.split(b"\r\n"))
        return [field.decode().partition(": ")[2] for field in fields if field.lower().startswith((b"loc", b"refresh"))]


def _at_once(lookup: Coroutine[Any, Any, object]) -> None:
    with contextlib.suppress(StopIteration):
        lookup.send(None)


def sealed_token(ring: KeyRing, number: int) -> str:
    destination = DESTINATIONS[0]
    return seal_token(
        ring,
        SealedLink(
            destination=destination,
            message_id="m",
            recipient=f"r{number}",
            campaign="spring",
            position=0,
            link_count=3,
            sent_at=NOW,
        ),
    )


def campaign_token(ring: KeyRing, number: int) -> str:
    sealed = SealedMessage(link_set_id=1, message_id=f"m{number}", recipient=f"r{number}", sent_at=NOW)
    return seal_token_prefix(ring, sealed) + build_token_suffixes(ring, 1)[0]


def tamper(token: str) -> Iterator[str]:
    for at, character in enumerate(token):
        for piece in PIECES:
            yield token[:at] + piece + token[at + 1 :]
            yield token[:at] + piece + token[at:]
        yield from (token[:at], token[at:] + token[:at], token[:at] + character.swapcase() + token[at + 1 :])
    yield from (token + piece + token for piece in PIECES)
    yield from (token + piece for piece in PIECES)


def find_allowed_destinations(token: str, position: int, path: str) -> set[str]:
    """Where a changed token may lead: where it led, if only foreign characters were added.

    The position in a token of the registry is not sealed, so its characters may be exchanged for others; but what is
    left of a token that was cut off must not be read as another position.
    """
    decoded = unquote(unquote(path, "latin-1"), "latin-1")
    mended = binascii.a2b_qp(decoded.encode("latin-1")).replace("\u2011".encode(), b"-").decode("latin-1")
    if token in find_runs(decoded) or token in find_runs(re.sub("[^!-~]", "", mended)):
        return {DESTINATIONS[position]}
    is_sealed = len(token) > 80
    return set() if is_sealed or re.search("[^A-Za-z0-9_-]", decoded) else set(DESTINATIONS)


def find_runs(text: str) -> list[str]:
    runs = [run.rstrip("-_") for run in re.findall("[A-Za-z0-9_-]+", text)]
    return runs + [run.lower() for run in runs if len(run) == 15]


def generate_requests() -> Iterator[tuple[bytes, set[str]]]:
    for number in itertools.count():
        position = number % len(DESTINATIONS)
        own = {
            sealed_token(RING, number): 0,
            campaign_token(RING, number): 0,
            encode_short_token(77, position): position,
            encode_old_short_token(77, position): position,
        }
        foreign = (
            sealed_token(OTHER_RING, number),
            campaign_token(OTHER_RING, number),
            encode_short_token(78 + number, 0),
            encode_old_short_token(78 + number, 0),
        )
        headers = HEADERS[number % len(HEADERS)]
        for path, host in itertools.product((*PATHS, *(f"/{token}" for token in foreign)), HOSTS):
            yield build_request(path, headers=headers).replace(b"click.example\r\n", host.encode() + b"\r\n", 1), set()
        for token, position in own.items():
            for other in tamper(token):
                yield build_request(f"/{other}", headers=headers), find_allowed_destinations(token, position, other)


@pytest.mark.timeout(3600)
@pytest.mark.without_coverage
def test_forged_links_never_redirect_elsewhere(summarize: Callable[[str], None]) -> None:
    edge = Edge()
    for data, allowed in itertools.islice(generate_requests(), COUNT):
        assert set(edge.request(data)) <= allowed, data
    responses = ", ".join(f"{count:,} of {status.decode()}" for status, count in sorted(edge.statuses.items()))
    summarize(f"{COUNT:,} forged links, responses: {responses}")
    assert edge.statuses[b"404"] > COUNT / 2


def test_valid_tokens_redirect() -> None:
    tokens = (
        sealed_token(RING, 0),
        campaign_token(RING, 0),
        encode_short_token(77, 0),
        encode_short_token(77, 0).upper(),
        encode_old_short_token(77, 0),
    )
    edge = Edge()
    assert [[DESTINATIONS[0]]] * 5 == [edge.request(build_request(f"/{token}")) for token in tokens]
