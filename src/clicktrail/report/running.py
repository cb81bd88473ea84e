"""Keep reports up to date by what changes, without counting all clicks again.

A change of the stored data replaces contributions of clicks, messages and people by others. `CountChanges` collects the
differences as rows, which are added to the earlier ones, and `build_report` makes a report of the sums.

`clicktrail.report.build_reports` counts the same from all messages; tests compare the two.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from clicktrail.model.verdict import Verdict
from clicktrail.report.campaign import (
    CampaignReport,
    ClickCounts,
    LinkReport,
    ReasonCount,
    SourceReport,
    UniqueClickers,
)
from clicktrail.report.contributions import (
    ENGAGED,
    HUMAN,
    RAW,
    ClickContribution,
    ClickerFlags,
    LinkKey,
    MessageContribution,
)


class CountKind(StrEnum):
    """What a row counts.

    Attributes:
        CAMPAIGN: a whole campaign.
        LINK: clicks on a position and destination.
        LINK_PEOPLE: unique clickers of a link, or of all links of a group.
        REASON: clicks with a signal; the row's name is the signal.
        SOURCE: clicks that a source recorded; the row's name is the source.
    """

    CAMPAIGN = "campaign"
    LINK = "link"
    LINK_PEOPLE = "link_people"
    REASON = "reason"
    SOURCE = "source"


class CountRow(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Counts of a campaign, or changes of them. The counts of all rows with the same key are added up.

    Attributes:
        name: the group of a link, the signal or the source.
        clicks: stored clicks, including those that are not counted; of a reason, counted clicks.
        messages: stored messages.
    """

    kind: CountKind
    campaign: str
    name: str = ""
    position: int = 0
    url: str = ""
    human: int = 0
    suspected: int = 0
    bot: int = 0
    preview: int = 0
    unique_raw: int = 0
    unique_human: int = 0
    unique_engaged: int = 0
    clicks: int = 0
    clicks_with_ip: int = 0
    clicks_with_user_agent: int = 0
    messages: int = 0
    accepted: int = 0
    bounced: int = 0
    delivered: int = 0
    opened: int = 0
    messages_with_engagement: int = 0
    first_sent_at: datetime | None = None

    def add_clicks(self, verdict: str, number: int) -> None:
        """Add counted clicks with a verdict."""
        match verdict:
            case Verdict.HUMAN:
                self.human += number
            case Verdict.SUSPECTED:
                self.suspected += number
            case Verdict.BOT:
                self.bot += number
            case _:
                self.preview += number

    def to_click_counts(self) -> ClickCounts:
        """The clicks by verdict."""
        return ClickCounts(human=self.human, suspected=self.suspected, bot=self.bot, preview=self.preview)

    def to_unique_clickers(self) -> UniqueClickers:
        """The unique clickers."""
        return UniqueClickers(raw=self.unique_raw, human=self.unique_human, engaged=self.unique_engaged)


class CountChanges:
    """Changes of counts by replaced contributions.

    Attributes:
        recounted_campaigns: campaigns whose changes cannot be expressed as differences: count all of their clicks.
    """

    def __init__(self) -> None:
        self.recounted_campaigns: set[str] = set()
        # Many clicks contribute the same, so each click costs little and the rows are built at the end.
        self._clicks: Counter[tuple[str, ClickContribution]] = Counter()
        self._clickers: Counter[tuple[str, LinkKey | None, int]] = Counter()
        self._single_clicks: Counter[tuple[str, ClickContribution]] = Counter()
        self._messages: Counter[tuple[str, MessageContribution]] = Counter()

    def replace_click(self, campaign: str, before: ClickContribution | None, after: ClickContribution | None) -> None:
        """Replace what a click contributes."""
        if before != after:
            if before is not None:
                self._clicks[campaign, before] -= 1
            if after is not None:
                self._clicks[campaign, after] += 1

    def add_person(self, campaign: str, click: ClickContribution) -> None:
        """Add a person with a single click, as most are."""
        self._single_clicks[campaign, click] += 1

    def replace_person(self, campaign: str, before: ClickerFlags, after: ClickerFlags) -> None:
        """Replace the unique clickers that a person is among."""
        if before == after:
            return
        for flags_by_link, number in ((before, -1), (after, 1)):
            total = 0
            for key, flags in flags_by_link.items():
                self._clickers[campaign, key, flags] += number
                total |= flags
            self._clickers[campaign, None, total] += number

    def replace_message(
        self, campaign: str, before: MessageContribution | None, after: MessageContribution | None
    ) -> None:
        """Replace what a message contributes."""
        if before == after:
            return
        if before is not None:
            self._messages[campaign, before] -= 1
            if before.sent_at and (after is None or after.sent_at is None or after.sent_at > before.sent_at):
                self.recounted_campaigns.add(campaign)  # another message may have become the first
        if after is not None:
            self._messages[campaign, after] += 1

    def build_rows(self) -> list[CountRow]:
        """The changes as rows. Those of recounted campaigns are not all that has changed."""
        rows = _Rows()
        for (campaign, click), number in self._single_clicks.items():
            rows.add_click(campaign, click, number)
            if click.counted:
                rows.add_clickers(campaign, click.link_key, click.clicker_flags, number)
                rows.add_clickers(campaign, None, click.clicker_flags, number)
        for (campaign, click), number in self._clicks.items():
            if number:
                rows.add_click(campaign, click, number)
        for (campaign, key, flags), number in self._clickers.items():
            if number and flags:
                rows.add_clickers(campaign, key, flags, number)
        for (campaign, message), number in self._messages.items():
            if number:
                rows.add_message(campaign, message, number)
        return rows.to_list()


class _Rows:
    def __init__(self) -> None:
        self._rows: dict[tuple[str, CountKind, str, int, str], CountRow] = {}

    def to_list(self) -> list[CountRow]:
        return list(self._rows.values())

    def add_click(self, campaign: str, click: ClickContribution, number: int) -> None:
        total = self._find(campaign, CountKind.CAMPAIGN)
        total.clicks += number
        if click.source:
            source = self._find(campaign, CountKind.SOURCE, click.source)
            source.clicks += number
            source.clicks_with_ip += number * click.has_ip
            source.clicks_with_user_agent += number * click.has_user_agent
        if click.counted:
            total.add_clicks(click.verdict, number)
            self._find(campaign, CountKind.LINK, click.group, click.link, click.url).add_clicks(click.verdict, number)
            if click.verdict != Verdict.HUMAN:
                for signal in set(click.signals):
                    self._find(campaign, CountKind.REASON, signal).clicks += number

    def add_clickers(self, campaign: str, key: LinkKey | None, flags: int, number: int) -> None:
        row = self._find(campaign, CountKind.LINK_PEOPLE, *key) if key else self._find(campaign, CountKind.CAMPAIGN)
        row.unique_raw += number * bool(flags & RAW)
        row.unique_human += number * bool(flags & HUMAN)
        row.unique_engaged += number * bool(flags & ENGAGED)

    def add_message(self, campaign: str, message: MessageContribution, number: int) -> None:
        row = self._find(campaign, CountKind.CAMPAIGN)
        row.messages += number
        row.accepted += number * message.accepted
        row.bounced += number * message.bounced
        row.delivered += number * message.delivered
        row.opened += number * message.opened
        row.messages_with_engagement += number * message.has_engagement
        if message.sent_at and number > 0:
            row.first_sent_at = min(row.first_sent_at or message.sent_at, message.sent_at)

    def _find(self, campaign: str, kind: CountKind, name: str = "", position: int = 0, url: str = "") -> CountRow:
        key = (campaign, kind, name, position, url)
        if (row := self._rows.get(key)) is None:
            row = self._rows[key] = CountRow(kind=kind, campaign=campaign, name=name, position=position, url=url)
        return row


def build_report(rows: Iterable[CountRow]) -> CampaignReport | None:
    """The report of one campaign; None if nothing of it is stored.

    Args:
        rows: the campaign's sums, one row for each key. Rows of links, reasons and sources can be left out.
    """
    by_kind: dict[CountKind, list[CountRow]] = {kind: [] for kind in CountKind}
    for row in rows:
        by_kind[row.kind].append(row)
    if not any(row.messages or row.clicks for row in by_kind[CountKind.CAMPAIGN]):
        return None
    (total,) = by_kind[CountKind.CAMPAIGN]
    reasons = sorted(by_kind[CountKind.REASON], key=lambda row: (-row.clicks, row.name))
    sources = sorted(by_kind[CountKind.SOURCE], key=lambda row: row.name)
    return CampaignReport(
        campaign=total.campaign,
        first_sent_at=total.first_sent_at,
        accepted=total.accepted,
        bounced=total.bounced,
        reported_deliveries=total.delivered,
        opened=total.opened,
        messages_with_engagement=total.messages_with_engagement,
        clicks=total.to_click_counts(),
        unique=total.to_unique_clickers(),
        links=_build_links(by_kind[CountKind.LINK], by_kind[CountKind.LINK_PEOPLE]),
        reasons=tuple(ReasonCount(signal=row.name, clicks=row.clicks) for row in reasons if row.clicks),
        sources=tuple(
            SourceReport(
                source=row.name,
                clicks=row.clicks,
                clicks_with_ip=row.clicks_with_ip,
                clicks_with_user_agent=row.clicks_with_user_agent,
            )
            for row in sources
            if row.clicks
        ),
    )


def _build_links(click_rows: Iterable[CountRow], people_rows: Iterable[CountRow]) -> tuple[LinkReport, ...]:
    unique_clickers = {(row.name, row.position, row.url): row.to_unique_clickers() for row in people_rows}
    rows_by_key: dict[LinkKey, list[CountRow]] = {}
    for row in click_rows:
        if row.to_click_counts().total:
            key = (row.name, 0, "") if row.name else ("", row.position, row.url)
            rows_by_key.setdefault(key, []).append(row)
    links = [
        LinkReport(
            position=min(row.position for row in rows),
            url=min((row.url for row in rows if row.url), default=""),
            group=key[0],
            clicks=ClickCounts(
                human=sum(row.human for row in rows),
                suspected=sum(row.suspected for row in rows),
                bot=sum(row.bot for row in rows),
                preview=sum(row.preview for row in rows),
            ),
            unique=unique_clickers.get(key, UniqueClickers()),
        )
        for key, rows in rows_by_key.items()
    ]
    return tuple(sorted(links, key=lambda link: (link.position, link.url, link.group)))
