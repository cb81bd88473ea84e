"""What to tell of a file whose links were replaced: report, warnings and a summary in one line."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clicktrail.model.link import Part
from clicktrail.rewrite import Rewritten
from clicktrail.rewrite.occurrences import Occurrence, decoded_bodies, in_document, in_message

__all__ = ["RewrittenFile"]

_GMAIL_CLIPS_BEYOND = 102 * 1024
"""Bytes of HTML (Mailchimp's help pages, "Gmail is Clipping My Email")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RewrittenFile:
    """A file before and after.

    Attributes:
        content: its bytes before.
        part: HTML or text; None for a whole message.
        rewritten: what became of it.
    """

    content: bytes
    part: Part | None
    rewritten: Rewritten

    def warnings(self) -> Iterator[str]:
        """What its sender should look at."""
        for reason in self.rewritten.untouched:
            yield f"not all of it could be rewritten: {reason}"
        for link in self.rewritten.links:
            for warning in link.warnings:
                yield f"{warning}: the link '{link.href}' in line {link.line}"
        for size in self._html_sizes():
            if size > _GMAIL_CLIPS_BEYOND:
                yield f"the HTML has {size:,} bytes now; Gmail clips what is beyond 102 kB ({_GMAIL_CLIPS_BEYOND:,})"

    def described(self, warnings: Sequence[str]) -> Mapping[str, Any]:
        """All of it as docs/reference/links.md describes the report."""
        return {
            "links": [_row(occurrence) for occurrence in self._occurrences()],
            "warnings": warnings,
            "size": {"before": len(self.content), "after": len(self.rewritten.raw)},
        }

    def summary(self) -> str:
        """How many links were found and tracked, why the others were not, and the size: twins are one link."""
        reasons = Counter({link.index: link.reason for link in self.rewritten.links if not link.tracked}.values())
        found = len({link.index for link in self.rewritten.links})
        left = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        return (
            f"links found: {found}, tracked: {found - reasons.total()}{left and f', left alone: {left}'}; "
            f"{len(self.content):,} bytes became {len(self.rewritten.raw):,}"
        )

    def _occurrences(self) -> list[Occurrence]:
        links = self.rewritten.links
        return in_message(self.content, links) if self.part is None else in_document(self.content, self.part, links)

    def _html_sizes(self) -> list[int]:
        raw = self.rewritten.raw
        if self.part is None:
            return [len(content) for leaf, content in decoded_bodies(raw) if content and leaf.part is Part.HTML]
        return [len(raw)] if self.part is Part.HTML else []


def _row(occurrence: Occurrence) -> Mapping[str, Any]:
    link = occurrence.link
    return {
        "index": link.index,
        "position": link.position,
        "tracked": link.tracked,
        "reason": link.reason,
        "part": link.part,
        "start": occurrence.start,
        "end": occurrence.end,
        "href": link.href,
        "destination": link.destination,
        "url": link.url,
        "label": link.label,
        "location": link.location,
        "element": link.element,
        "group": link.group,
        "line": link.line,
    }
