"""Find the characters of ISO-2022 and HZ, whose bytes are those of ASCII.

ISO-2022-JP (RFC 1468), -KR (RFC 1557) and -CN (RFC 1922) switch from ASCII to other character sets and back by escape
sequences, and HZ (RFC 1843) by ``~{`` and ``~}``. In between, the bytes of a character can be those of ``<`` or ``"``.
Much mail in these charsets declares another one or none. Programs detect them by the sequences, and so do we.

A run is a piece of a body outside of ASCII, with the sequences around it. Everything between runs can be edited.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

_SEQUENCE = re.compile(
    rb"""
    \x1b \$ \(? (?P<g0>[@AB] | (?<=\() [0-~])  # a set of two bytes a character
    | \x1b \( (?P<g0_single>[0-~])  # a set of one byte a character
    | \x1b \$ \) (?P<g1>[0-~])  # a set in use between SO and SI
    | (?P<so>\x0e) | (?P<si>\x0f)
    | (?P<unsupported>\x1b\$[*+])  # sets of single characters, as in ISO-2022-CN
    """,
    re.VERBOSE,
)
_CHARACTERS = re.compile(rb"([\x21-\x7e]*+)([ \t\r\n]*+)")
_URL_SEPARATOR = b"://"
"""In no text: no character of JIS X 0208, GB 2312 and KS X 1001 begins with "/"."""
_SET_HIGH_BIT = bytes(code | 0x80 for code in range(0x100))
_KATAKANA = b"I"
"""JIS X 0201. All other sets of one byte a character are variants of ASCII (ISO-IR, registrations 4 to 102)."""
_CODECS = {
    **dict.fromkeys([b"@", b"B", b"O", b"Q"], "euc_jis_2004"),  # JIS X 0208, and its superset JIS X 0213
    b"A": "gb2312",
    b"C": "euc_kr",
    _KATAKANA: "cp932",
}
"""Codecs that have the characters of a set, with the high bit set. Other sets are rare."""

_HZ_SEQUENCE = re.compile(rb"~(?:\{(?P<characters>(?:[\x21-\x7d][\x21-\x7e])*+)~\}|(?P<tilde>~)|\r?\n|(?P<open>\{))")


MAX_SHIFTS = 50_000
"""Bytes of a message that can switch between character sets. A line of Japanese text has two."""
_SHIFT_BYTES = (b"\x1b", b"\x0e", b"\x0f", b"~")


@dataclass(slots=True)
class ShiftLimit:
    """Limits the time for a message: reading a switch takes about 10 µs."""

    left: int = MAX_SHIFTS

    def allows(self, content: bytes) -> bool:
        """Count the switches of one more body."""
        self.left -= sum(content.count(byte) for byte in _SHIFT_BYTES)
        return self.left >= 0


class ShiftedRun(NamedTuple):
    """A span of bytes outside of ASCII, and its text. Characters of rare sets are U+FFFD."""

    start: int
    end: int
    text: str


@dataclass(slots=True)
class _Iso2022State:
    """Character sets in use; empty for ASCII."""

    g0: bytes = b""
    g1: bytes = b""
    is_shifted_out: bool = False

    @property
    def active(self) -> bytes:
        return self.g1 if self.is_shifted_out and self.g1 else self.g0

    def apply(self, sequence: re.Match[bytes]) -> None:
        match sequence.lastgroup:
            case "g0":
                self.g0 = sequence["g0"]
            case "g0_single":
                self.g0 = _KATAKANA if sequence["g0_single"] == _KATAKANA else b""
            case "g1":
                self.g1 = sequence["g1"]
            case shift:
                self.is_shifted_out = shift == "so"


def find_iso_2022_runs(content: bytes) -> list[ShiftedRun] | None:
    """Return the runs of ISO-2022; None if it is unclear where one ends, or where characters are.

    The RFCs ask for a run to end on its line. Of a longer one, some programs read the next line as ASCII and some do
    not, which makes no difference if that line is blank, or begins with an escape sequence.
    """
    runs: list[ShiftedRun] = []
    state = _Iso2022State()
    run_start = characters_start = 0
    text = ""
    for sequence in _SEQUENCE.finditer(content):
        character_set = state.active
        if character_set:
            characters = _read_characters(content[characters_start : sequence.start()], character_set)
            if characters is None:
                return None
            text += characters
        else:
            run_start, text = sequence.start(), ""
        if sequence["unsupported"]:
            return None
        state.apply(sequence)
        characters_start = sequence.end()
        if not state.active:
            runs.append(ShiftedRun(run_start, characters_start, text))
    if state.active:
        characters = _read_characters(content[characters_start:], state.active)
        if characters is None:
            return None
        if text + characters:
            runs.append(ShiftedRun(run_start, len(content), text + characters))
    return runs


def find_hz_runs(content: bytes, *, is_declared: bool) -> list[ShiftedRun] | None:
    """Return the runs of HZ; None if one does not end on its line.

    If HZ is not declared, only what looks like nothing else is a run: pairs of bytes, without a URL.
    """
    runs: list[ShiftedRun] = []
    for sequence in _HZ_SEQUENCE.finditer(content):
        characters = sequence["characters"]
        if is_declared and sequence["open"]:
            return None
        if is_declared or (characters and _URL_SEPARATOR not in characters):
            text = "~" if sequence["tilde"] else _decode_characters(characters or b"", b"A")
            runs.append(ShiftedRun(*sequence.span(), text))
    return runs


def _read_characters(encoded: bytes, character_set: bytes) -> str | None:
    found = _CHARACTERS.fullmatch(encoded)
    if found is None or _URL_SEPARATOR in encoded:
        return None
    return _decode_characters(found[1], character_set) + found[2].decode()


def _decode_characters(characters: bytes, character_set: bytes) -> str:
    if characters and (codec := _CODECS.get(character_set)):
        return str(characters.translate(_SET_HIGH_BIT), codec, "replace")
    return "\ufffd" * (len(characters) // 2)


class SpanShift(NamedTuple):
    """A span of a text as a span of the text without runs, and the bytes of the runs before its start and its end."""

    start: int
    end: int
    start_bytes: int = 0
    end_bytes: int = 0
    is_exact: bool = True


@dataclass(frozen=True, slots=True)
class RunPositions:
    """Where runs are in a text.

    Attributes:
        runs: the runs, in order.
        starts: where each starts in the text.
        plain_text: the text without runs.
    """

    runs: Sequence[ShiftedRun]
    starts: Sequence[int]
    plain_text: str
    _ends: Sequence[int] = field(init=False, repr=False)
    _characters: Sequence[int] = field(init=False, repr=False)
    _bytes: Sequence[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        ends = [start + len(run.text) for start, run in zip(self.starts, self.runs, strict=True)]
        object.__setattr__(self, "_ends", ends)
        object.__setattr__(self, "_characters", list(accumulate((len(run.text) for run in self.runs), initial=0)))
        object.__setattr__(self, "_bytes", list(accumulate((run.end - run.start for run in self.runs), initial=0)))

    def remove_from_span(self, start: int, end: int) -> SpanShift:
        """Map a span of the text to the text without runs. It is not exact if it has a run, even one without text."""
        first = bisect_right(self._ends, start)  # number of runs before the span
        after = max(first, bisect_left(self.starts, end))
        starts_within = first < len(self.starts) and self.starts[first] < start
        ends_within = first < after and self._ends[after - 1] > end
        plain_start = (self.starts[first] if starts_within else start) - self._characters[first]
        plain_end = (self._ends[after - 1] if ends_within else end) - self._characters[after]
        return SpanShift(
            start=plain_start,
            end=max(plain_start, plain_end),
            start_bytes=self._bytes[first],
            end_bytes=self._bytes[after],
            is_exact=first == after,
        )
