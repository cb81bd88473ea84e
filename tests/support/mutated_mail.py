"""Real mail bent out of shape: Hypothesis strategies that cut pieces out of it and put others in."""

import base64
import quopri
import re
from collections.abc import Callable, Mapping, Sequence, Sized
from pathlib import Path
from typing import AnyStr

from hypothesis import strategies as st

from tests.support.paths import CORPUS, ROOT
from tests.support.strategies import html_soups, mime_soups, text_soups

__all__ = ["bent_html", "bent_messages", "bent_texts", "enclosed_bodies"]

_NEWSLETTER = ROOT / "src" / "clicktrail" / "demo"
_LARGEST = 30_000
"""Bytes of a file that is bent: larger ones take longer and have nothing that smaller ones have not."""
_WINDOW = 4_000
"""Characters of a body that are looked at, so that a change falls where something stands."""
_PLACES = 10_000
_LINK = re.compile(r"href|http", re.IGNORECASE)
_ENCODE: Mapping[str, Callable[[bytes], bytes]] = {
    "8bit": bytes,
    "base64": base64.encodebytes,
    "quoted-printable": quopri.encodestring,
}
_HEADER = re.compile(rb".*?\n\r?\n", re.DOTALL)


def bent_html() -> st.SearchStrategy[str]:
    """Some thousand characters of HTML mail, changed in a few places."""
    return st.builds(_bend, _windows("html", "newsletter.html"), _changes(html_soups()))


def bent_texts() -> st.SearchStrategy[str]:
    """Some thousand characters of messages read as text, changed in a few places."""
    return st.builds(_bend, _windows("eml", "newsletter.txt"), _changes(text_soups()))


def bent_messages() -> st.SearchStrategy[bytes]:
    """Whole messages, changed in a few places, half of them behind the header only; one may go on as another."""
    messages = _files("eml", "newsletter.txt")
    pieces = mime_soups().map(lambda soup: soup.removeprefix(b"Subject: soup\n")) | st.binary(max_size=8)
    return (
        st.builds(_bend_behind_header, messages, _changes(pieces))
        | st.builds(_bend, messages, _changes(pieces))
        | st.builds(_joined, messages, messages, _places(), _places())
    )


def enclosed_bodies() -> st.SearchStrategy[bytes]:
    """Messages of one bent body each, in charsets, transfer encodings and flows of every kind."""

    def enclose(content_type: str, body: str, charset: str, encoding: str) -> bytes:
        content = _ENCODE[encoding](body.encode(charset, errors="ignore"))
        fields = f"Content-Type: {content_type}; charset={charset}\nContent-Transfer-Encoding: {encoding}\n\n"
        return fields.encode() + content

    charsets = st.sampled_from(["utf-8", "utf-16", "iso-8859-1", "iso-2022-jp"])
    flows = st.sampled_from(["text/plain", "text/plain; format=flowed", "text/plain; format=flowed; delsp=yes"])
    encodings = st.sampled_from(sorted(_ENCODE))
    return st.builds(enclose, st.just("text/html"), bent_html() | html_soups(), charsets, encodings) | st.builds(
        enclose, flows, bent_texts() | text_soups(), charsets, encodings
    )


def _files(folder: str, newsletter: str) -> st.SearchStrategy[bytes]:
    """The corpus' small files; our own newsletter where there is no corpus."""
    found = sorted(path for path in (CORPUS / folder).glob("*") if path.stat().st_size <= _LARGEST)
    return st.sampled_from(found or [_NEWSLETTER / newsletter]).map(Path.read_bytes)


def _windows(folder: str, newsletter: str) -> st.SearchStrategy[str]:
    """What stands around a link."""

    def window(content: bytes, place: int) -> str:
        text = content.decode("utf-8", errors="surrogateescape")
        links = [found.start() for found in _LINK.finditer(text)] or [0]
        start = max(0, links[_at(links, place)] - _WINDOW // 2)
        return text[start : start + _WINDOW]

    return st.builds(window, _files(folder, newsletter), _places())


def _places() -> st.SearchStrategy[int]:
    # Of a larger range Hypothesis draws small numbers above all, and every change would fall to the beginning.
    return st.builds("{}{:02}".format, st.integers(0, 99), st.integers(0, 99)).map(int)


def _changes(pieces: st.SearchStrategy[AnyStr]) -> st.SearchStrategy[list[tuple[int, int, AnyStr]]]:
    """Where something gives way, how much of it, and to what."""
    return st.lists(st.tuples(_places(), st.integers(0, 40), pieces), max_size=8)


def _bend(original: AnyStr, changes: Sequence[tuple[int, int, AnyStr]]) -> AnyStr:
    for place, length, piece in changes:
        start = _at(original, place)
        original = original[:start] + piece + original[start + length :]
    return original


def _bend_behind_header(original: bytes, changes: Sequence[tuple[int, int, bytes]]) -> bytes:
    header = _HEADER.match(original)
    end = header.end() if header else 0
    return original[:end] + _bend(original[end:], changes)


def _joined(first: bytes, second: bytes, end: int, start: int) -> bytes:
    return first[: _at(first, end)] + second[_at(second, start) :]


def _at(text: Sized, place: int) -> int:
    return len(text) * place // _PLACES
