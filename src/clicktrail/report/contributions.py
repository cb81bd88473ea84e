"""What each stored click and message contributes to the counts of its campaign.

A person counts as a unique clicker while at least one of their counted clicks says so. So a change of one click needs
the person's other clicks in the campaign: `PersonClicks`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from clicktrail.model.verdict import Verdict

MAX_CLICKS_KEPT: Final = 64
"""Clicks that are kept of one person in one campaign. Only programs make more."""

RAW: Final = 1
HUMAN: Final = 2
ENGAGED: Final = 4

LinkKey = tuple[str, int, str]
"""(group, 0, "") for the links of a group, else ("", position, URL)."""

ClickerFlags = Mapping[LinkKey, int]
"""Which unique clickers of each link a person is among: bits of raw, human and engaged."""


class ClickContribution(NamedTuple):
    """What reports count of one stored click.

    Attributes:
        signals: names of the reasons.
        source: ``clicktrail`` or the ESP's name; empty for an anonymous click.
    """

    link: int
    url: str
    group: str
    verdict: str
    counted: bool
    signals: tuple[str, ...]
    source: str
    has_ip: bool
    has_user_agent: bool

    @property
    def link_key(self) -> LinkKey:
        """The link whose unique clickers include the person."""
        return (self.group, 0, "") if self.group else ("", self.link, self.url)

    @property
    def clicker_flags(self) -> int:
        """Which unique clickers the click makes its person."""
        return RAW | HUMAN * (self.verdict == Verdict.HUMAN) | ENGAGED * ("engaged" in self.signals)


class MessageContribution(NamedTuple):
    """What reports count of one stored message. ``sent_at`` is None if no sending is known."""

    sent_at: datetime | None
    accepted: int
    bounced: bool
    delivered: bool
    opened: bool
    has_engagement: bool


class PersonClicks:
    """The stored clicks of one person in one campaign.

    Attributes:
        clicks: contributions by click id. If ``link_counts`` is not None, only those that were loaded.
        link_counts: for a person with very many clicks, the number of counted clicks by link: all, human, engaged.
    """

    __slots__ = ("clicks", "link_counts")

    def __init__(
        self, clicks: dict[str, ClickContribution], link_counts: dict[LinkKey, list[int]] | None = None
    ) -> None:
        self.clicks = clicks
        self.link_counts = link_counts

    def replace(self, click_id: str, after: ClickContribution | None) -> ClickContribution | None:
        """Store what a click contributes now, None for nothing, and return what it contributed before."""
        before = self.clicks.pop(click_id, None)
        if after is not None:
            self.clicks[click_id] = after
        if self.link_counts is not None:
            self._add(before, -1)
            self._add(after, 1)
        return before

    def compute_flags(self) -> ClickerFlags:
        """Which unique clickers of each link the person is among."""
        flags: dict[LinkKey, int] = {}
        if self.link_counts is not None:
            for key, (raw, human, engaged) in self.link_counts.items():
                flags[key] = RAW * (raw > 0) | HUMAN * (human > 0) | ENGAGED * (engaged > 0)
            return flags
        for click in self.clicks.values():
            if click.counted:
                key = click.link_key
                flags[key] = flags.get(key, 0) | click.clicker_flags
        return flags

    def compact(self, *, max_clicks: int = MAX_CLICKS_KEPT) -> None:
        """Of more clicks than the maximum, keep only their number by link."""
        if self.link_counts is None and len(self.clicks) > max_clicks:
            self.link_counts = {}
            for click in self.clicks.values():
                self._add(click, 1)
        if self.link_counts is not None:
            self.clicks = {}

    def _add(self, click: ClickContribution | None, number: int) -> None:
        if click is None or not click.counted or self.link_counts is None:
            return
        counts = self.link_counts.setdefault(click.link_key, [0, 0, 0])
        flags = click.clicker_flags
        counts[0] += number
        counts[1] += number * bool(flags & HUMAN)
        counts[2] += number * bool(flags & ENGAGED)
