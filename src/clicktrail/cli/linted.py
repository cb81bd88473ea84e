"""The links of a file that is checked before it is sent, and the file with better ones."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from clicktrail.cli.files import PARTS, read_bytes
from clicktrail.errors import ClicktrailError
from clicktrail.model.link import LinkReason, Part
from clicktrail.rewrite import Placed, Policy, Rewritten, Untouched, rewrite_message
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.document import rewrite_document
from clicktrail.rewrite.policy import Judgement

__all__ = ["LintedFile", "LintedLink", "read_links"]

_WEB = re.compile(r"\s*https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class LintedLink:
    """A link to be checked.

    Attributes:
        url: where it leads, character references decoded.
        line: of the file, from 1; 0 if it stands in an encoded part of a message.
        wanted: whether it is a link of the kind that gets parameters: no unsubscribe link, for example.
    """

    url: str
    line: int = 0
    wanted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LintedFile:
    """A file and its links.

    Attributes:
        links: in their order.
        raw: its bytes.
        part: HTML or text; None for a message.
        listed: whether each of its lines is a URL.
        untouched: why it, or parts of it, could not be read.
    """

    links: tuple[LintedLink, ...]
    raw: bytes = b""
    part: Part | None = Part.TEXT
    listed: bool = False
    untouched: tuple[Untouched, ...] = ()

    def replacing(self, urls: Mapping[str, str]) -> bytes:
        """The file with other URLs in place of some, and every other character as it is."""
        if self.listed:
            text, codec = _decoded(self.raw)
            lines = [(line, line.strip()) for line in text.splitlines(keepends=True)]
            return "".join(line.replace(url, urls.get(url, url)) if url else line for line, url in lines).encode(codec)
        return _rewrite(self.raw, self.part, _Plain(), lambda link: urls.get(link.href, link.url)).raw


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plain(Policy):
    """Takes every link to the web as one whose recipient is not to be tracked: its URL changes, and stays plain."""

    def judge(self, candidate: Candidate) -> Judgement:
        return Judgement(LinkReason.CONSENT if _WEB.match(candidate.href) else LinkReason.NOT_WEB)


def read_links(file: Path) -> LintedFile:
    """The links of an HTML or text file, a list of URLs one a line, or a message.

    Raises:
        ClicktrailError: it cannot be read, or is none of these by its name.
    """
    raw = read_bytes(file)
    suffix = file.suffix.lower()
    if suffix not in PARTS:
        raise ClicktrailError(f"cannot tell what {file} holds", hint="name it .html, .txt or .eml")
    part = PARTS[suffix]
    if part is Part.TEXT and (listed := _listed(raw)):
        return LintedFile(links=listed, raw=raw, listed=True)
    found = _rewrite(raw, part, Policy(), lambda link: link.url)
    links = tuple(LintedLink(url=link.href, line=link.line if part else 0, wanted=link.tracked) for link in found.links)
    return LintedFile(links=links, raw=raw, part=part, untouched=found.untouched)


def _rewrite(raw: bytes, part: Part | None, policy: Policy, tag: Callable[[Candidate], str]) -> Rewritten:
    if part is None:
        return rewrite_message(raw, policy=policy, tagger=lambda: tag, tracking_url=_any_url)
    return rewrite_document(raw, part, policy=policy, tag=tag, tracking_url=_any_url)


def _any_url(_: Placed) -> str:
    """A URL of the form that every link takes, so that each is found with its reason; it goes nowhere, nor is kept."""
    return "https://links.invalid/x"


def _decoded(raw: bytes) -> tuple[str, str]:
    try:
        return raw.decode(), "utf-8"
    except UnicodeDecodeError:
        return raw.decode("latin-1"), "latin-1"


def _listed(raw: bytes) -> tuple[LintedLink, ...]:
    """The lines of a text, if all of them are URLs: they may hold spaces, which end a URL within a text."""
    lines = [line.strip() for line in _decoded(raw)[0].splitlines()]
    if not all(_WEB.match(line) for line in lines if line):
        return ()
    return tuple(LintedLink(url=url, line=number) for number, url in enumerate(lines, start=1) if url)
