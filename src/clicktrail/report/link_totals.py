"""Clicks by link, over all campaigns."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.report.campaign import ClickCounts, add_up_clicks

MAX_LINKS: Final = 2_000
"""Different links that are counted. Links that differ for each recipient would take a lot of memory."""


class LinkName(NamedTuple):
    """A link as it is shown.

    Attributes:
        address: its URL without what differs for each recipient.
        is_unsubscribe: whether it unsubscribes the recipient.
    """

    address: str
    is_unsubscribe: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTotal:
    """Counted clicks on a link."""

    name: LinkName
    clicks: ClickCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTotals:
    """Clicks by link, the most clicked first.

    Attributes:
        links: links that do not unsubscribe.
        unsubscribe: links that do.
        other: clicks on links beyond `MAX_LINKS`.
    """

    links: tuple[LinkTotal, ...] = ()
    unsubscribe: tuple[LinkTotal, ...] = ()
    other: ClickCounts = field(default_factory=ClickCounts)

    @property
    def unsubscribe_clicks(self) -> ClickCounts:
        """Clicks on all links that unsubscribe."""
        return add_up_clicks(row.clicks for row in self.unsubscribe)


class LinkCounter:
    """Counts clicks by link. Clicks without a URL are left out.

    Args:
        name_link: the name of a URL.
    """

    def __init__(self, name_link: Callable[[str], LinkName], *, max_links: int = MAX_LINKS) -> None:
        self._name_link = name_link
        self._max_links = max_links
        self._clicks: dict[LinkName, Counter[Verdict]] = {}
        self._other: Counter[Verdict] = Counter()

    def add(self, clicks: Iterable[JudgedClick]) -> None:
        """Add judged clicks."""
        for judged in clicks:
            if judged.counted and judged.click.url:
                self._find(self._name_link(judged.click.url))[judged.verdict] += 1

    def _find(self, name: LinkName) -> Counter[Verdict]:
        counter = self._clicks.get(name)
        if counter is None:
            if len(self._clicks) >= self._max_links:
                return self._other
            counter = self._clicks[name] = Counter()
        return counter

    def build_totals(self) -> LinkTotals:
        """The clicks on each link."""
        rows = sorted(
            (LinkTotal(name=name, clicks=ClickCounts.from_verdicts(counter)) for name, counter in self._clicks.items()),
            key=lambda row: (-row.clicks.total, row.name.address),
        )
        return LinkTotals(
            links=tuple(row for row in rows if not row.name.is_unsubscribe),
            unsubscribe=tuple(row for row in rows if row.name.is_unsubscribe),
            other=ClickCounts.from_verdicts(self._other),
        )
