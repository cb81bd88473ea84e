"""The counts of an audit: of each campaign, and of all that can be compared. What is unknown is None.

A log may have no deliveries, or fewer than clickers, so that there is no click rate. It may have neither addresses nor
agents, so that there is no number of people.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from clicktrail.report.campaign import CampaignReport, ClickCounts, add_up_clicks
from clicktrail.report.people import PeopleRange


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedCampaign:
    """Counts of one campaign, or of several.

    Attributes:
        delivered_basis: see `CampaignReport.delivered_basis`.
        clickers: people and programs with at least one click: what an ESP shows as "unique clicks".
        people: people with a human click; None if unknown.
        people_at_most: those, and people with a click that is suspected because of its network alone.
    """

    campaign: str = ""
    delivered: int = 0
    delivered_basis: str = "delivered"
    clicks: ClickCounts = field(default_factory=ClickCounts)
    clickers: int = 0
    people: int | None = None
    people_at_most: int | None = None

    @classmethod
    def from_report(
        cls, report: CampaignReport, people: PeopleRange | None = None, *, has_evidence: bool = True
    ) -> "AuditedCampaign":
        """Leave out the people if a campaign's clicks name no recipients, or have no evidence of who made them."""
        has_people = not report.clicks.total or (has_evidence and report.unique.raw > 0)
        at_most = people.at_most if people else report.unique.human
        return cls(
            campaign=report.campaign,
            delivered=report.delivered,
            delivered_basis=report.delivered_basis,
            clicks=report.clicks,
            clickers=report.unique.raw,
            people=report.unique.human if has_people else None,
            people_at_most=at_most if has_people else None,
        )

    @property
    def has_rates(self) -> bool:
        """Whether enough deliveries are known."""
        return self.delivered > 0 and self.clickers <= self.delivered

    @property
    def raw_rate(self) -> float | None:
        """Clickers ÷ delivered: what an ESP shows as "unique click rate"."""
        return self._divide(self.clickers)

    @property
    def human_rate(self) -> float | None:
        """The click rate: people ÷ delivered."""
        return self._divide(self.people)

    @property
    def human_rate_at_most(self) -> float | None:
        """The highest possible click rate."""
        return self._divide(self.people_at_most)

    def _divide(self, number: int | None) -> float | None:
        return number / self.delivered if self.has_rates and number is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedTotal:
    """The sum of the campaigns that know the same.

    Attributes:
        counts: a person who clicked in two campaigns counts twice, as in an ESP's overview.
        campaigns: names of the campaigns in the sum.
        campaign_count: number of all campaigns.
    """

    counts: AuditedCampaign
    campaigns: tuple[str, ...]
    campaign_count: int

    @property
    def is_partial(self) -> bool:
        """Whether campaigns are left out."""
        return len(self.campaigns) < self.campaign_count


_COMPARABLE: Final[Sequence[Callable[[AuditedCampaign], bool]]] = (
    lambda row: row.has_rates and row.people is not None,
    lambda row: row.people is not None,
    lambda row: row.has_rates,
    lambda _row: True,
)
"""What campaigns must know to be added up, the most informative first."""


def add_up_campaigns(campaigns: Iterable[AuditedCampaign]) -> AuditedTotal:
    """Add up the campaigns with rates and people; if none of those has clicks, the next best."""
    campaigns = tuple(campaigns)
    has_clicks = any(row.clickers for row in campaigns)
    for is_comparable in _COMPARABLE:
        rows = tuple(filter(is_comparable, campaigns))
        if any(row.clickers for row in rows) or (rows and not has_clicks):
            break
    else:
        rows = ()
    return AuditedTotal(
        counts=_add_up(rows), campaigns=tuple(row.campaign for row in rows), campaign_count=len(campaigns)
    )


def _add_up(rows: Sequence[AuditedCampaign]) -> AuditedCampaign:
    has_people = all(row.people is not None for row in rows)
    has_rates = all(row.has_rates for row in rows)
    return AuditedCampaign(
        delivered=sum(row.delivered for row in rows) if has_rates else 0,
        delivered_basis="delivered" if all(row.delivered_basis == "delivered" for row in rows) else "accepted",
        clicks=add_up_clicks(row.clicks for row in rows),
        clickers=sum(row.clickers for row in rows),
        people=sum(row.people or 0 for row in rows) if has_people else None,
        people_at_most=sum(row.people_at_most or 0 for row in rows) if has_people else None,
    )
