"""When which Chrome came out, by which the age of one can be told that claims to be another."""

from collections.abc import Sequence
from datetime import date

import msgspec

__all__ = ["Chrome", "Release"]


class Release(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A major version and the day on which it became stable on desktops."""

    version: int
    date: date


class Chrome(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chrome's releases, and those that people cannot leave behind.

    Attributes:
        source: where the dates are published.
        releases: by version, ascending; not every one has to be here.
        last: the last versions for systems that newer ones do not support.
    """

    source: str = ""
    releases: Sequence[Release] = ()
    last: frozenset[int] = frozenset()

    def days_old(self, version: int, on: date) -> int | None:
        """How many days before ``on`` a version was current at the latest; None where the table ends before it.

        A version that the table leaves out counts as the next one that it has: rather too young than too old.
        """
        released = next((release.date for release in self.releases if release.version > version), None)
        return (on - released).days if released else None
