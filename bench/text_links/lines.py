"""Lines of plain text and the links that mail programs should see in them: lines.tsv."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from clicktrail.model.link import LinkReason

PATH: Final = Path(__file__).with_name("lines.tsv")
_REASON: Final = re.compile(r"([a-z-]+):(https?://.*)", re.IGNORECASE)


class ExpectedLink(NamedTuple):
    """A link in a text, and whether and why it is tracked."""

    url: str
    reason: LinkReason


class Line(NamedTuple):
    """A text, why its links are as they are, and the links."""

    text: str
    why: str
    links: Sequence[ExpectedLink]

    @property
    def linked_urls(self) -> list[str]:
        """The URLs that a program should link: all but those that belong to a longer word."""
        return [link.url for link in self.links if link.reason is not LinkReason.EMBEDDED]


def read_lines() -> Iterator[Line]:
    """Read the list, in its order."""
    why = ""
    for row in PATH.read_text("utf-8").split("\n"):
        if row.startswith("## "):
            why = row.removeprefix("## ")
        elif "\t" in row:
            text, links = row.split("\t")
            yield Line(_restore_breaks(text), why, [_parse_link(link) for link in links.split(" ") if link])


def _restore_breaks(text: str) -> str:
    return text.replace("⏎", "\n")


def _parse_link(text: str) -> ExpectedLink:
    if prefixed := _REASON.fullmatch(text):
        return ExpectedLink(_restore_breaks(prefixed[2]), LinkReason(prefixed[1]))
    return ExpectedLink(_restore_breaks(text), LinkReason.TRACKED)
