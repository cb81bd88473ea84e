"""Hostile input of any size for every parser: a piece that is repeated, after text that leads into a part of it.

tests/test_linear_time.py takes every context with every piece.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources

from clicktrail.rewrite.sensitive import parse_sensitive_rules
from clicktrail.server.pipeline.track import MessageIdentity, parse_control_headers, track_message
from clicktrail.tokens import SECRET_BYTES, Key, KeyRing
from clicktrail.tracking import Tracker
from clicktrail.utm import Convention

_NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
_RING = KeyRing([Key(number=0, secret=b"k" * SECRET_BYTES)])
_CONVENTION = Convention(source="email", medium="newsletter", content="{location}_{element}_{label}", own_hosts=("*",))
_TRACKER = Tracker(
    ring=_RING,
    domain="https://links.example.com",
    convention=_CONVENTION,
    sensitive_rules=parse_sensitive_rules(
        (resources.files("clicktrail.rewrite") / "data" / "sensitive.toml").read_text("utf-8")
    ),
)


Parts = tuple[str, str, str]
"""Context, repeated piece and end of an input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostileGrammar:
    """Input for one parser.

    Attributes:
        parse: the parser. It may not raise.
        contexts: texts before the repeated piece.
        pieces: what is repeated.
        ends: texts after the repeated piece.
    """

    parse: Callable[[str], object]
    contexts: Sequence[str]
    pieces: Sequence[str]
    ends: Sequence[str]


def build_input(parts: Parts, *, size: int) -> str:
    """Repeat the piece until the input has about ``size`` characters."""
    context, piece, end = parts
    return context + piece * (size // len(piece)) + end


def track(message: str) -> None:
    """Rewrite a message as the relay does. Lone surrogates become bytes that are not UTF-8."""
    headers = parse_control_headers(message.encode("utf-8", "surrogateescape"))
    identity = MessageIdentity(message_id="m1", short_code=7)
    track_message(headers, tracker=_TRACKER, recipients=["a@b.example"], identity=identity, now=_NOW)


GRAMMARS = {
    "header value": HostileGrammar(
        parse=track,
        contexts=[f"{name}: x" for name in ("Subject", "Content-Type", "Content-Disposition", "X-Clicktrail-Campaign")],
        pieces=[
            *(" ", "a", "\t", "\n ", "\r\n\t", "\0", "\udcff", "é", "=", "=?", "?=", "=?utf-8?q?", "=?utf-8?q?=41?="),
            *("=?utf-8?q?a?= ", "=?utf-8?b?QQ==?=\n ", "=?utf-8?b?", "=?a?q?x", "=?none?q?a?=", "(", ")", "()", "(a"),
            *('"', '\\"', ";", "; ", ";a=", ';a="', "; a*0*=utf-8''%41", ",<a@b>"),
        ],
        ends=["!\n\nhttps://x.example/"],
    ),
}
