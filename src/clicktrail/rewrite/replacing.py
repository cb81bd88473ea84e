"""Say what changes in a body, in characters."""

from collections.abc import Iterator, Sequence

import msgspec

from clicktrail.model.link import Link

__all__ = ["Replacement", "replacements"]


class Replacement(msgspec.Struct, frozen=True, gc=False):
    """A span of a body, characters, and what takes its place."""

    start: int
    end: int
    text: str


def replacements(links: Sequence[Link]) -> Iterator[Replacement]:
    """The URLs that take the place of a body's links, and the hosts beside them, in order."""
    for link in links:
        if link.url:
            yield Replacement(link.start, link.end, link.url)
        if link.host:
            yield Replacement(link.host_at, link.host_at, f" ({link.host})")
