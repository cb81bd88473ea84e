"""What is counted of a campaign, and what is made of the counts."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from clicktrail.model.event import Click

__all__ = [
    "CampaignReport",
    "ClickCounts",
    "LinkReport",
    "ReasonCount",
    "SourceCounter",
    "SourceReport",
    "UniqueClickers",
    "get_click_source",
    "report_as_json",
]

# FOLDED sources.py: Who told of clicks, and what they could not tell.

_FIRST_CLICK_ONLY_ESP = "postmark"
"""Postmark, Click webhook: it fires for the first click of a recipient on a link, and for no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """What one source told of clicks, of those that reports do not count too; anonymous ones tell nothing.

    Attributes:
        source: ``clicktrail`` or the ESP's name.
        clicks: how many it told of.
        clicks_with_ip: those with the address that they came from.
        clicks_with_user_agent: those with a ``User-Agent``.
    """

    source: str
    clicks: int
    clicks_with_ip: int
    clicks_with_user_agent: int

    @property
    def gaps(self) -> Iterator[str]:
        """What is missing, a sentence each."""
        if not self.clicks_with_ip:
            yield f"{self.source} told no addresses: no click could be known by its network"
        if not self.clicks_with_user_agent:
            yield f"{self.source} told no User-Agents: no program could be known by its name"
        if self.source == _FIRST_CLICK_ONLY_ESP:
            yield f"{self.source} tells only a recipient's first click on a link: a person after a scanner is missing"


class SourceCounter:
    """Counts, by who told of clicks, what they told."""

    def __init__(self) -> None:
        self._clicks: Counter[str] = Counter()
        self._with_ip: Counter[str] = Counter()
        self._with_user_agent: Counter[str] = Counter()

    def add(self, click: Click) -> None:
        """Look at one click."""
        source = get_click_source(click)
        self._clicks[source] += 1
        self._with_ip[source] += bool(click.ip)
        self._with_user_agent[source] += bool(click.user_agent)

    def build_reports(self) -> tuple[SourceReport, ...]:
        """What each source told, by name."""
        return tuple(
            SourceReport(
                source=name,
                clicks=clicks,
                clicks_with_ip=self._with_ip[name],
                clicks_with_user_agent=self._with_user_agent[name],
            )
            for name, clicks in sorted(self._clicks.items())
        )

    def list_gaps(self) -> list[str]:
        """What they did not tell, a sentence each."""
        return [gap for source in self.build_reports() for gap in source.gaps]


def get_click_source(click: Click) -> str:
    """Who told of a click: the ESP that recorded it, or whoever made its event."""
    return click.esp or click.source


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickCounts:
    """Counted clicks by verdict, anonymous ones too. HEAD, OPTIONS and prefetches are judged but never in here."""

    human: int = 0
    suspected: int = 0
    bot: int = 0
    preview: int = 0

    @property
    def total(self) -> int:
        """All counted clicks, whoever made them: what an ESP shows as "total clicks"."""
        return self.human + self.suspected + self.bot + self.preview


@dataclass(frozen=True, slots=True, kw_only=True)
class UniqueClickers:
    """People with at least one counted click.

    A person is a recipient; where a message went to several and its recipient is unknown, the message. Anonymous clicks
    are nobody's.

    Attributes:
        raw: with a click of any verdict: what an ESP shows as "unique clicks".
        human: with at least one human click. A bot that came first does not bury the person.
        engaged: with at least one click whose landing page saw its visitor press, type or scroll: the signal
            ``engaged`` among its reasons.
    """

    raw: int = 0
    human: int = 0
    engaged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkReport:
    """One link of a campaign: a destination at a position, or all links of a group.

    Attributes:
        position: of several the lowest.
        url: the destination, of several the first by the alphabet.
        group: empty if the link stands for itself.
        clicks: counted clicks.
        unique: clickers.
    """

    position: int
    url: str
    group: str = ""
    clicks: ClickCounts
    unique: UniqueClickers


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCount:
    """How many counted clicks of a campaign that are not human have this signal among their reasons."""

    signal: str
    clicks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignReport:
    """One campaign.

    Attributes:
        campaign: its name; empty for messages sent without one.
        first_sent_at: when its first message left; None if nobody told us.
        accepted: recipients whose message the next hop took.
        bounced: messages that bounced.
        reported_deliveries: messages of which a delivery was told.
        opened: messages of which an ESP's pixel told that they were opened. We set none.
        messages_with_engagement: messages of whose visitors a landing page told. Without any, nobody knows who was engaged.
        clicks: counted clicks.
        unique: clickers.
        links: by position; empty in overviews.
        reasons: the most frequent first; empty in overviews.
        sources: by name; empty in overviews.
    """

    campaign: str
    first_sent_at: datetime | None = None
    accepted: int = 0
    bounced: int = 0
    reported_deliveries: int = 0
    opened: int = 0
    messages_with_engagement: int = 0
    clicks: ClickCounts = ClickCounts()
    unique: UniqueClickers = UniqueClickers()
    links: tuple[LinkReport, ...] = ()
    reasons: tuple[ReasonCount, ...] = ()
    sources: tuple[SourceReport, ...] = ()

    @property
    def delivered(self) -> int:
        """Deliveries as told; where nobody told of any, what was accepted and did not bounce."""
        return self.reported_deliveries or max(0, self.accepted - self.bounced)

    @property
    def delivered_basis(self) -> str:
        """What ``delivered`` rests on: ``delivered`` or ``accepted``."""
        return "delivered" if self.reported_deliveries else "accepted"

    @property
    def click_rate_raw(self) -> float:
        """Unique clickers of any verdict ÷ delivered; 0 where nothing was delivered."""
        return _rate(self.unique.raw, self.delivered)

    @property
    def click_rate_human(self) -> float:
        """Unique human clickers ÷ delivered: the click rate."""
        return _rate(self.unique.human, self.delivered)

    @property
    def click_to_open_raw(self) -> float | None:
        """Unique clickers of any verdict ÷ messages opened; None where nobody told of any."""
        return _rate(self.unique.raw, self.opened) if self.opened else None

    @property
    def click_to_open_human(self) -> float | None:
        """Unique human clickers ÷ messages opened; None where nobody told of any."""
        return _rate(self.unique.human, self.opened) if self.opened else None

    @property
    def gaps(self) -> list[str]:
        """What nobody told and what those who told of the clicks could not tell, a sentence each."""
        gaps = [gap for source in self.sources for gap in source.gaps]
        if 0 < self.delivered < self.unique.raw:
            gaps.append(
                f"{self.unique.raw} recipients have clicks and {self.delivered} messages are known: rates are too high"
            )
        return gaps


def report_as_json(report: CampaignReport) -> dict[str, object]:
    """The shape of ``clicktrail report --json`` and the API; rates are fractions of 1."""
    return {
        "campaign": report.campaign,
        "delivered": report.delivered,
        "delivered_basis": report.delivered_basis,
        "accepted": report.accepted,
        "bounced": report.bounced,
        "opened": report.opened,
        "clicks": _click_counts_as_json(report.clicks),
        "unique": _unique_clickers_as_json(report.unique, has_engagement=bool(report.messages_with_engagement)),
        "click_rate": {"raw": report.click_rate_raw, "human": report.click_rate_human},
        "click_to_open": {"raw": report.click_to_open_raw, "human": report.click_to_open_human},
        "links": [
            {
                "position": link.position,
                "url": link.url,
                "group": link.group,
                "clicks": _click_counts_as_json(link.clicks),
                "unique": _unique_clickers_as_json(link.unique, has_engagement=bool(report.messages_with_engagement)),
            }
            for link in report.links
        ],
        "reasons": [
            {
                "signal": reason.signal,
                "clicks": reason.clicks,
                "share": _rate(reason.clicks, report.clicks.total),
            }
            for reason in report.reasons
        ],
        "gaps": report.gaps,
    }


def _click_counts_as_json(clicks: ClickCounts) -> dict[str, int]:
    return {
        "total": clicks.total,
        "human": clicks.human,
        "suspected": clicks.suspected,
        "bot": clicks.bot,
        "preview": clicks.preview,
    }


def _unique_clickers_as_json(unique: UniqueClickers, *, has_engagement: bool) -> dict[str, int | None]:
    return {"raw": unique.raw, "human": unique.human, "engaged": unique.engaged if has_engagement else None}


def _rate(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
