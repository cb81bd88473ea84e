"""Join the lines of a flowed plain text (RFC 3676) as far as URLs run over them.

A line that ends with a space flows on into the next one. Where the sender's program wrote ``DelSp=yes``, that space was
put in for the break and does not count, so that a URL may be broken anywhere. Without it a reader sees the space, and a
URL is whole only between angle brackets, where white space does not count (RFC 3986 appendix C). Quoted lines and the
line above a signature do not flow.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Flow", "Joined", "join", "read_flow"]

# The space in front of the next line is stuffed (RFC 3676 section 4.4) and not a part of it.
_SOFT_BREAK = re.compile(r"^>[^\n]*+ | (?P<soft> (?<!^--) [ ]\r?\n [ ]?+ (?!>|--\x20\r?$))", re.MULTILINE | re.VERBOSE)
_BRACKETED = re.compile(r"<https?://[^\s<>]*+(?:[ ]\r?\n[ ]?+[^\s<>]*+)++>", re.IGNORECASE)


class Flow(StrEnum):
    """How the lines of a plain text hang together."""

    FIXED = "fixed"
    """Each stands for itself."""

    FLOWED = "flowed"
    """A space at the end of a line joins it with the next."""

    DELSP = "delsp"
    """The same, and the space is not part of the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """A text without soft breaks.

    Attributes:
        text: its characters.
        resumptions: behind each break: where the joined text goes on, from 0 and increasing.
        removed: how many characters were removed up to there, one number for each.
    """

    text: str
    resumptions: Sequence[int] = ()
    removed: Sequence[int] = ()

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a span that is not empty stands in the text with its breaks; none at its ends are in it."""
        return self._original(start), self._original(end - 1) + 1

    def _original(self, at: int) -> int:
        before = bisect_right(self.resumptions, at)
        return at + (self.removed[before - 1] if before else 0)


def read_flow(parameters: Mapping[str, str]) -> Flow:
    """The flow that the parameters of a Content-Type declare; names in lower case."""
    if parameters.get("format", "").lower() != "flowed":
        return Flow.FIXED
    return Flow.DELSP if parameters.get("delsp", "").lower() == "yes" else Flow.FLOWED


def join(text: str, flow: Flow) -> Joined:
    """Take the soft breaks out that may stand within a URL."""
    pieces: list[str] = []
    resumptions: list[int] = []
    removed: list[int] = []
    at = size = 0
    for start, end in _soft_breaks(text, flow):
        pieces.append(text[at:start])
        size += start - at
        at = end
        resumptions.append(size)
        removed.append(end - size)
    return Joined(text="".join([*pieces, text[at:]]), resumptions=resumptions, removed=removed)


def _soft_breaks(text: str, flow: Flow) -> Iterator[tuple[int, int]]:
    spans = []
    if flow is Flow.DELSP:
        spans = [(0, len(text))]
    elif flow is Flow.FLOWED:
        spans = [bracketed.span() for bracketed in _BRACKETED.finditer(text)]
    for start, end in spans:
        for found in _SOFT_BREAK.finditer(text, start, end):
            if found["soft"]:
                yield found.span("soft")
