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
        every_days: how long it is, at the longest, from one version to the next after those.
        last: the last versions for systems that newer ones do not support.
    """

    source: str = ""
    releases: Sequence[Release] = ()
    every_days: int = 28
    last: frozenset[int] = frozenset()

    def days_old(self, version: int, on: date) -> int:
        """How many days before ``on`` a version was current at the latest; below 0 where that is still to come.

        A version that the table leaves out counts as the next one that it has, and what came after the table as if
        versions had come as slowly as they may: rather too young than too old.
        """
        released = next((release.date for release in self.releases if release.version > version), None)
        return (on - (released or self._expected(version + 1))).days

    def _expected(self, version: int) -> date:
        """When a version comes that is not in the table yet; never where the table is empty or dates end before."""
        if not self.releases:
            return date.max
        newest = self.releases[-1]
        days = (version - newest.version) * self.every_days
        return date.fromordinal(min(newest.date.toordinal() + days, date.max.toordinal()))
