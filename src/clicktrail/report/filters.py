"""What a campaign's numbers would be if one simple rule filtered out scanners, as guides to bot filtering advise.

Each filter uses signals of the judge. clicktrail itself counts by none of them: shown beside its own numbers, they
show how many scanners each rule misses and how many people it excludes.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from clicktrail.model.event import AnonymousClick
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick


class ClickFilter(StrEnum):
    """One rule for filtering clicks.

    Attributes:
        TIME: exclude clicks within two seconds after delivery, as Mautic does.
        LINKS: exclude bursts, and sources that followed every link within a minute.
        NETWORK: exclude clicks from the networks of mail-security companies and data centres.
        AGENT: exclude programs that identify themselves in the User-Agent.
        ENGAGED: include only clicks whose landing page reported a press, a key or scrolling.
    """

    TIME = "time"
    LINKS = "links"
    NETWORK = "network"
    AGENT = "agent"
    ENGAGED = "engaged"

    @property
    def signals(self) -> Collection[str]:
        """The signals whose clicks the filter excludes or, if inclusive, includes."""
        return _FILTER_SIGNALS[self]

    @property
    def is_inclusive(self) -> bool:
        """Whether only clicks with one of the signals pass; otherwise only clicks without any of them pass."""
        return self is ClickFilter.ENGAGED


_FILTER_SIGNALS: Final[Mapping[ClickFilter, Collection[str]]] = {
    ClickFilter.TIME: ("fast",),
    ClickFilter.LINKS: ("burst", "all-links"),
    ClickFilter.NETWORK: ("mail-security-network", "datacentre-network"),
    ClickFilter.AGENT: ("automation-user-agent", "preview-user-agent"),
    ClickFilter.ENGAGED: ("engaged",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FilteredCounts:
    """Counted clicks of one campaign that pass a filter, and the people with at least one of them."""

    clicks: int = 0
    unique_clickers: int = 0


def apply_filter(
    messages: Iterable[tuple[Timeline, Sequence[JudgedClick]]],
    anonymous_clicks: Iterable[AnonymousClick] = (),
    *,
    click_filter: ClickFilter,
) -> Mapping[str, FilteredCounts]:
    """Count the clicks that pass a filter, by campaign. Campaigns without such clicks are left out.

    Each message must come once. Anonymous clicks have no signals: they pass, except through an inclusive filter.
    """
    click_counts: dict[str, int] = {}
    clickers: dict[str, set[str]] = {}
    for timeline, clicks in messages:
        for judged in clicks:
            signals = {reason.signal for reason in judged.reasons}
            has_filter_signal = not signals.isdisjoint(click_filter.signals)
            if judged.counted and has_filter_signal == click_filter.is_inclusive:
                click_counts[timeline.campaign] = click_counts.get(timeline.campaign, 0) + 1
                if person := judged.click.recipient or judged.click.message_id:
                    clickers.setdefault(timeline.campaign, set()).add(person)
    if not click_filter.is_inclusive:
        for click in anonymous_clicks:
            click_counts[click.campaign] = click_counts.get(click.campaign, 0) + 1
    return {
        campaign: FilteredCounts(clicks=count, unique_clickers=len(clickers.get(campaign, ())))
        for campaign, count in click_counts.items()
    }
