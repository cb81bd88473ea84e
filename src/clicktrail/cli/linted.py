"""The links of a file that is checked before it is sent, and the file with better ones."""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clicktrail.errors import ClicktrailError
from clicktrail.model.link import Link, Part
from clicktrail.rewrite import Policy, rewrite_html, rewrite_message, rewrite_text
from clicktrail.rewrite.candidate import Candidate

__all__ = ["LintedFile", "LintedLink", "read_links"]

_WEB = re.compile(r"\s*https?://", re.IGNORECASE)
_PARTS = {".html": Part.HTML, ".htm": Part.HTML, ".txt": Part.TEXT}
# A URL of the form that every link takes, so that each is found with its reason; it goes nowhere and is not kept.
_ANY_URL = "https://links.invalid/x"


@dataclass(frozen=True, slots=True, kw_only=True)
class LintedLink:
    """A link to be checked.

    Attributes:
        url: where it leads, character references decoded.
        line: of the file, from 1; 0 if it stands in an encoded part of a message.
        start: where its text begins in the file, characters.
        end: where it ends.
        wanted: whether it is a link of the kind that gets parameters: no unsubscribe link, for example.
    """

    url: str
    line: int = 0
    start: int = 0
    end: int = 0
    wanted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LintedFile:
    """A file and its links.

    Attributes:
        links: in their order.
        text: what the file holds; empty for a message, whose parts are encoded.
        codec: what it is written in.
        part: HTML or text.
    """

    links: tuple[LintedLink, ...]
    text: str = ""
    codec: str = "utf-8"
    part: Part = Part.TEXT

    def replacing(self, urls: Mapping[LintedLink, str]) -> bytes:
        """The file with other URLs in place of some links, and every other character as it is."""
        pieces, at = [], 0
        for link, url in urls.items():
            pieces += [self.text[at : link.start], _attribute(url) if self.part is Part.HTML else url]
            at = link.end
        return "".join([*pieces, self.text[at:]]).encode(self.codec)


def read_links(file: Path) -> LintedFile:
    """The links of an HTML or text file, a list of URLs one a line, or a message.

    Raises:
        ClicktrailError: it cannot be read, or is none of these by its name.
    """
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise ClicktrailError(f"cannot read {file}: {error.strerror}") from error
    suffix = file.suffix.lower()
    if suffix == ".eml":
        found = rewrite_message(raw, policy=Policy(), tag=_same, tracking_url=lambda _: _ANY_URL).links
        return LintedFile(links=tuple(LintedLink(url=link.href, wanted=link.tracked) for link in found))
    if suffix not in _PARTS:
        raise ClicktrailError(f"cannot tell what {file} holds", hint="name it .html, .txt or .eml")
    text, codec = _decoded(raw)
    part = _PARTS[suffix]
    if part is Part.TEXT and (listed := _listed(text)):
        return LintedFile(links=listed, text=text, codec=codec)
    rewrite = rewrite_html if part is Part.HTML else rewrite_text
    found = rewrite(text, policy=Policy(), tag=_same, tracking_url=lambda _: _ANY_URL).links
    return LintedFile(links=_numbered(text, found), text=text, codec=codec, part=part)


def _same(link: Candidate) -> str:
    return link.url


def _decoded(raw: bytes) -> tuple[str, str]:
    try:
        return raw.decode(), "utf-8"
    except UnicodeDecodeError:
        return raw.decode("latin-1"), "latin-1"


def _listed(text: str) -> tuple[LintedLink, ...]:
    """The lines of a text, if all of them are URLs: they may hold spaces, which end a URL within a text."""
    links, start = [], 0
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        url = line.strip()
        if url:
            if not _WEB.match(url):
                return ()
            at = start + line.index(url)
            links.append(LintedLink(url=url, line=number, start=at, end=at + len(url)))
        start += len(line)
    return tuple(links)


def _numbered(text: str, found: Sequence[Link]) -> tuple[LintedLink, ...]:
    links, line, at = [], 1, 0
    for link in found:
        line += text.count("\n", at, link.start)
        at = link.start
        links.append(LintedLink(url=link.href, line=line, start=link.start, end=link.end, wanted=link.tracked))
    return tuple(links)


def _attribute(url: str) -> str:
    """The URL as an attribute's value that may stand in quotes of either kind, or in none."""
    return re.sub(r"\s", lambda space: f"&#{ord(space[0])};", html.escape(url))
