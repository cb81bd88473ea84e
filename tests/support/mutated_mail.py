"""Hypothesis strategies for mutated real mail: pieces are cut out and others inserted."""

import base64
import quopri
import re
from collections.abc import Callable, Mapping, Sequence, Sized
from pathlib import Path
from typing import AnyStr

from hypothesis import strategies as st

from tests.support.paths import CORPUS, ROOT
from tests.support.strategies import html_soups, mime_soups, text_soups

_NEWSLETTER_FOLDER = ROOT / "src" / "clicktrail" / "demo"
_MAX_FILE_BYTES = 30_000
"""Larger files take longer and have no other features."""
_WINDOW_CHARS = 4_000
"""Characters around a link that are used of a body, so that most changes are near links."""
_OFFSET_SCALE = 10_000
_LINK_START = re.compile(r"href|http", re.IGNORECASE)
_ENCODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "8bit": bytes,
    "base64": base64.encodebytes,
    "quoted-printable": quopri.encodestring,
}
_HEADER = re.compile(rb".*?\n\r?\n", re.DOTALL)


def mutated_html() -> st.SearchStrategy[str]:
    """Excerpts of HTML mail with a few changes."""
    return st.builds(_apply_changes, _windows("html", "newsletter.html"), _changes(html_soups()))


def mutated_texts() -> st.SearchStrategy[str]:
    """Excerpts of messages as text, with a few changes."""
    return st.builds(_apply_changes, _windows("eml", "newsletter.txt"), _changes(text_soups()))


def mutated_messages() -> st.SearchStrategy[bytes]:
    """Whole messages with a few changes, anywhere or only after the header, and joined halves of two messages."""
    messages = _files("eml", "newsletter.txt")
    pieces = mime_soups().map(lambda soup: soup.removeprefix(b"Subject: soup\n")) | st.binary(max_size=8)
    return (
        st.builds(_apply_to_body, messages, _changes(pieces))
        | st.builds(_apply_changes, messages, _changes(pieces))
        | st.builds(_join_messages, messages, messages, _relative_offsets(), _relative_offsets())
    )


def encoded_messages() -> st.SearchStrategy[bytes]:
    """Messages with one mutated body, in every charset, transfer encoding and text format."""

    def build_message(content_type: str, body: str, charset: str, encoding: str) -> bytes:
        content = _ENCODERS[encoding](body.encode(charset, errors="ignore"))
        fields = f"Content-Type: {content_type}; charset={charset}\nContent-Transfer-Encoding: {encoding}\n\n"
        return fields.encode() + content

    charsets = st.sampled_from(["utf-8", "utf-16", "iso-8859-1", "iso-2022-jp"])
    text_types = st.sampled_from(["text/plain", "text/plain; format=flowed", "text/plain; format=flowed; delsp=yes"])
    encodings = st.sampled_from(sorted(_ENCODERS))
    return st.builds(
        build_message, st.just("text/html"), mutated_html() | html_soups(), charsets, encodings
    ) | st.builds(build_message, text_types, mutated_texts() | text_soups(), charsets, encodings)


def _files(folder: str, newsletter: str) -> st.SearchStrategy[bytes]:
    # Without the corpus, the demo's newsletter is used.
    paths = sorted(path for path in (CORPUS / folder).glob("*") if path.stat().st_size <= _MAX_FILE_BYTES)
    return st.sampled_from(paths or [_NEWSLETTER_FOLDER / newsletter]).map(Path.read_bytes)


def _windows(folder: str, newsletter: str) -> st.SearchStrategy[str]:
    def cut_window(content: bytes, relative_offset: int) -> str:
        text = content.decode("utf-8", errors="surrogateescape")
        link_offsets = [match.start() for match in _LINK_START.finditer(text)] or [0]
        start = max(0, link_offsets[_absolute_offset(link_offsets, relative_offset)] - _WINDOW_CHARS // 2)
        return text[start : start + _WINDOW_CHARS]

    return st.builds(cut_window, _files(folder, newsletter), _relative_offsets())


def _relative_offsets() -> st.SearchStrategy[int]:
    # From one larger range, Hypothesis mostly draws small numbers, so most changes would be at the start.
    return st.builds("{}{:02}".format, st.integers(0, 99), st.integers(0, 99)).map(int)


def _changes(pieces: st.SearchStrategy[AnyStr]) -> st.SearchStrategy[list[tuple[int, int, AnyStr]]]:
    # Relative offset, number of characters to remove, and the piece to insert.
    return st.lists(st.tuples(_relative_offsets(), st.integers(0, 40), pieces), max_size=8)


def _apply_changes(original: AnyStr, changes: Sequence[tuple[int, int, AnyStr]]) -> AnyStr:
    for relative_offset, length, piece in changes:
        start = _absolute_offset(original, relative_offset)
        original = original[:start] + piece + original[start + length :]
    return original


def _apply_to_body(original: bytes, changes: Sequence[tuple[int, int, bytes]]) -> bytes:
    header = _HEADER.match(original)
    end = header.end() if header else 0
    return original[:end] + _apply_changes(original[end:], changes)


def _join_messages(first: bytes, second: bytes, end: int, start: int) -> bytes:
    return first[: _absolute_offset(first, end)] + second[_absolute_offset(second, start) :]


def _absolute_offset(text: Sized, relative_offset: int) -> int:
    return len(text) * relative_offset // _OFFSET_SCALE
