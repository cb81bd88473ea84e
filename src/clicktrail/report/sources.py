"""Who told of clicks, and what they could not tell."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from clicktrail.model.event import Click

__all__ = ["SourceReport", "Sources", "source_of"]

_FIRST_CLICKS_ONLY = "postmark"
"""Postmark, Click webhook: it fires for the first click of a recipient on a link, and for no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """What one source told of clicks, of those that reports do not count too; anonymous ones tell nothing.

    Attributes:
        source: ``clicktrail`` or the ESP's name.
        clicks: how many it told of.
        addresses: those with the address that they came from.
        agents: those with a ``User-Agent``.
    """

    source: str
    clicks: int
    addresses: int
    agents: int

    @property
    def gaps(self) -> Iterator[str]:
        """What is missing, a sentence each."""
        if not self.addresses:
            yield f"{self.source} told no addresses: no click could be known by its network"
        if not self.agents:
            yield f"{self.source} told no User-Agents: no program could be known by its name"
        if self.source == _FIRST_CLICKS_ONLY:
            yield f"{self.source} tells only a recipient's first click on a link: a person after a scanner is missing"


class Sources:
    """Counts, by who told of clicks, what they told."""

    def __init__(self) -> None:
        self._clicks: Counter[str] = Counter()
        self._addresses: Counter[str] = Counter()
        self._agents: Counter[str] = Counter()

    def see(self, click: Click) -> None:
        """Look at one click."""
        source = source_of(click)
        self._clicks[source] += 1
        self._addresses[source] += bool(click.ip)
        self._agents[source] += bool(click.user_agent)

    def reports(self) -> tuple[SourceReport, ...]:
        """What each source told, by name."""
        return tuple(
            SourceReport(source=name, clicks=clicks, addresses=self._addresses[name], agents=self._agents[name])
            for name, clicks in sorted(self._clicks.items())
        )

    def gaps(self) -> list[str]:
        """What they did not tell, a sentence each."""
        return [gap for source in self.reports() for gap in source.gaps]


def source_of(click: Click) -> str:
    """Who told of a click: the ESP that recorded it, or whoever made its event."""
    return click.esp or click.source
