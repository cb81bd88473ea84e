"""What a campaign's numbers would be if scanners were kept out by one rule alone, as guides to filtering advise.

Each filter goes by signals of the judge, so that it means what they mean. None is what clicktrail counts by: beside its
own numbers they show what each would leave in, and whom it would take out.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from clicktrail.model.event import AnonymousClick
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.report.campaign import CampaignReport

__all__ = ["ClickFilter", "FilteredCounts", "apply_filter", "filtered_counts_as_json"]


class ClickFilter(StrEnum):
    """One rule.

    Attributes:
        TIME: clicks out that came within two seconds after the message arrived, as Mautic has it.
        LINKS: clicks out of bursts, and those of who followed every link within a minute.
        NETWORK: clicks out from companies that scan mail and from data centres.
        AGENT: clicks out of programs that say that they are some.
        ENGAGED: nothing in but clicks whose landing page saw its visitor press, type or scroll.
    """

    TIME = "time"
    LINKS = "links"
    NETWORK = "network"
    AGENT = "agent"
    ENGAGED = "engaged"

    @property
    def signals(self) -> Collection[str]:
        """Those that a click is told by."""
        return _FILTER_SIGNALS[self]

    @property
    def is_inclusive(self) -> bool:
        """Whether clicks with such a signal are the ones that stay; else they are the ones that go."""
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
    """What one filter leaves of a campaign.

    Attributes:
        clicks: counted clicks. Anonymous ones have no signals.
        unique_clickers: people with at least one of them.
    """

    clicks: int = 0
    unique_clickers: int = 0


def apply_filter(
    messages: Iterable[tuple[Timeline, Sequence[JudgedClick]]],
    anonymous_clicks: Iterable[AnonymousClick] = (),
    *,
    click_filter: ClickFilter,
) -> Mapping[str, FilteredCounts]:
    """What a filter leaves of each campaign; of those that are not among them, nothing. Each message comes once."""
    clicks: dict[str, int] = {}
    people: dict[str, set[str]] = {}
    for timeline, told in messages:
        for judged in told:
            spoken = {reason.signal for reason in judged.reasons}
            if judged.counted and spoken.isdisjoint(click_filter.signals) is not click_filter.is_inclusive:
                clicks[timeline.campaign] = clicks.get(timeline.campaign, 0) + 1
                if person := judged.click.recipient or judged.click.message_id:
                    people.setdefault(timeline.campaign, set()).add(person)
    for click in anonymous_clicks:
        if not click_filter.is_inclusive:
            clicks[click.campaign] = clicks.get(click.campaign, 0) + 1
    return {
        campaign: FilteredCounts(clicks=count, unique_clickers=len(people.get(campaign, ())))
        for campaign, count in clicks.items()
    }


def filtered_counts_as_json(
    report: CampaignReport, click_filter: ClickFilter, counts: FilteredCounts
) -> dict[str, object]:
    """What a filter leaves, in the shape of ``clicktrail report --json``. What nobody told is null."""
    if click_filter is ClickFilter.ENGAGED and not report.messages_with_engagement:
        return {"filter": click_filter.value, "clicks": None, "unique": None, "click_rate": None}
    rate = counts.unique_clickers / report.delivered if report.delivered else 0.0
    return {"filter": click_filter.value, "clicks": counts.clicks, "unique": counts.unique_clickers, "click_rate": rate}
