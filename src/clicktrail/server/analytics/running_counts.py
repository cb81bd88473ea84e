"""Keep the counts of reports in step with the tables ``clicks`` and ``messages``.

A store first notes the campaigns that it changes as begun, then inserts its rows, and last the differences that they
make, with which the campaigns are applied: one insert, all or nothing. If a store ends in between, by an error or a
kill, the campaigns have begun more than was applied, and are counted again from the tables: after the next store, or
when the folder is opened. The new counts are a new generation of rows, which replaces the former ones once it is
complete. Before, ``clicks_by_person``, which the next differences are computed from, gets the clicks that it lacks.
"""

import asyncio
import contextlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

import msgspec

from clicktrail.model.verdict import Verdict
from clicktrail.report.contributions import ClickContribution, MessageContribution
from clicktrail.report.running import CountChanges, CountKind, CountRow
from clicktrail.server.analytics.connection import ChdbPool, load_query
from clicktrail.server.analytics.contribution_cache import ClickKey, ContributionCache, PersonKey
from clicktrail.server.analytics.rows import ClickRow, MessageRow

_COUNTING_QUERIES: Final = ("count_campaign", "count_links", "count_link_people", "count_reasons", "count_sources")
_CLICKS_PER_RECOUNT: Final = 200_000
_CAMPAIGNS_PER_RECOUNT: Final = 1_000


class CampaignCountRow(CountRow, kw_only=True, omit_defaults=True):
    """A row of ``campaign_counts``."""

    generation: int = 0
    begun: int = 0
    applied: int = 0


class _CountStateRow(msgspec.Struct):
    campaign: str
    generation: int
    is_uncounted: bool


class _ClickTotalRow(msgspec.Struct):
    campaign: str
    clicks: int


class _ChecksumRow(msgspec.Struct):
    campaign: str
    checksum: int


class RunningCounts:
    """The counts of all campaigns. Its methods that change them must not run at the same time. Create it with `open`.

    Args:
        connections: the folder.
        states: every campaign with counts.
    """

    def __init__(self, connections: ChdbPool, states: Iterable[_CountStateRow]) -> None:
        self._connections = connections
        self._generations: dict[str, int] = {}
        self._uncounted: set[str] = set()
        for state in states:
            self._generations[state.campaign] = state.generation
            if state.is_uncounted:
                self._uncounted.add(state.campaign)
        self._contributions = ContributionCache(connections, self._generations)

    @classmethod
    async def open(cls, connections: ChdbPool) -> "RunningCounts":
        """Read which campaigns are counted.

        Raises:
            StorageError: the counts cannot be read.
        """
        return cls(connections, await connections.fetch_rows("count_states", _CountStateRow))

    @contextlib.contextmanager
    def uncounted_on_error(self, campaigns: Iterable[str]) -> Iterator[None]:
        """Count campaigns again if the change of their rows fails."""
        try:
            yield
        except BaseException:
            self._uncounted |= set(campaigns)
            self._contributions.clear()
            raise

    async def begin_recount(self, campaigns: Iterable[str], *, version: int) -> None:
        """Note that campaigns have to be counted again, because their rows will change.

        Raises:
            StorageError: their rows must not be changed.
        """
        self._contributions.clear()
        self._uncounted |= set(campaigns)
        await self._connections.insert_rows(
            "insert_campaign_counts", self.build_marks(self._uncounted, version=version)
        )

    def build_marks(self, campaigns: Iterable[str], *, version: int) -> list[CampaignCountRow]:
        """Rows that note that a change of campaigns has begun."""
        return [
            CampaignCountRow(
                kind=CountKind.CAMPAIGN,
                campaign=campaign,
                generation=self._generations.setdefault(campaign, 0),
                begun=version,
            )
            for campaign in campaigns
        ]

    async def compute_changes(self, click_rows: Sequence[ClickRow], message_rows: Sequence[MessageRow]) -> CountChanges:
        """The differences that rows make once they are stored. What is stored now is loaded first.

        Raises:
            StorageError: it cannot be loaded.
        """
        try:
            await self._contributions.load(click_rows, message_rows)
            return await asyncio.to_thread(_compute_changes, self._contributions, click_rows, message_rows)
        except BaseException:
            self._contributions.clear()
            raise

    def build_rows(self, changes: CountChanges, campaigns: Collection[str], *, version: int) -> list[CampaignCountRow]:
        """Rows with the differences, and with the version that they apply. Uncounted campaigns are left out."""
        self._uncounted |= changes.recounted_campaigns
        counted = set(campaigns) - self._uncounted
        differences = (
            CampaignCountRow(**msgspec.structs.asdict(row), generation=self._generations[row.campaign])
            for row in changes.build_rows()
            if row.campaign in counted
        )
        return [*differences, *(self._build_applied_row(campaign, version) for campaign in counted)]

    async def recount_uncounted(self, *, version: int) -> None:
        """Count the campaigns again whose counts may be wrong.

        Raises:
            StorageError: some are still uncounted; the next call counts them.
        """
        self._contributions.evict_excess()
        for chunk in await self.split(sorted(self._uncounted)):
            await self._count(chunk, version)

    async def recount(self, campaigns: Sequence[str], *, version: int) -> list[str]:
        """Count campaigns again from the tables. Returns those whose counts were different.

        Args:
            campaigns: names of campaigns.
            version: higher than the generations of the campaigns.

        Raises:
            StorageError: some may not be counted.
        """
        former = await self._compute_checksums(campaigns)
        await self._count(campaigns, version)
        current = await self._compute_checksums(campaigns)
        return [campaign for campaign in campaigns if former.get(campaign) != current.get(campaign)]

    async def split(self, campaigns: Sequence[str]) -> list[list[str]]:
        """Campaigns to count together: small ones share the cost of a statement.

        Raises:
            StorageError: the clicks cannot be read.
        """
        if not campaigns:
            return []
        totals = await self._connections.fetch_rows("click_totals", _ClickTotalRow, {"campaigns": campaigns})
        clicks_by_campaign = {row.campaign: row.clicks for row in totals}
        chunks: list[list[str]] = []
        click_count = 0
        for campaign in campaigns:
            click_count += clicks_by_campaign.get(campaign, 0)
            if not chunks or click_count > _CLICKS_PER_RECOUNT or len(chunks[-1]) == _CAMPAIGNS_PER_RECOUNT:
                chunks.append([])
                click_count = clicks_by_campaign.get(campaign, 0)
            chunks[-1].append(campaign)
        return chunks

    async def delete_former(self) -> None:
        """Delete the counts that were replaced by a recount.

        Raises:
            StorageError: some may be left.
        """
        await self._connections.execute(load_query("delete_former_counts"))

    async def fetch_verdicts(self, keys: Sequence[ClickKey]) -> dict[str, Verdict]:
        """The stored verdicts on clicks, by click id. Other methods may run at the same time.

        Raises:
            StorageError: they cannot be read.
        """
        return await self._contributions.fetch_verdicts(keys)

    async def load_next_filter(self) -> None:
        """Load what speeds up stores of a busy campaign, if it is missing. Other methods may run at the same time.

        Raises:
            StorageError: the tables cannot be read.
        """
        await self._contributions.load_next_filter()

    async def _count(self, campaigns: Sequence[str], version: int) -> None:
        if uncounted := sorted(self._uncounted.intersection(campaigns)):
            await self._connections.execute(load_query("copy_clicks_by_person"), {"campaigns": uncounted})
            self._contributions.clear()
        for name in _COUNTING_QUERIES:
            await self._connections.execute(load_query(name), {"campaigns": campaigns, "generation": str(version)})
        self._generations |= dict.fromkeys(campaigns, version)
        applied_rows = [self._build_applied_row(campaign, version) for campaign in campaigns]
        await self._connections.insert_rows("insert_campaign_counts", applied_rows)
        self._uncounted -= set(campaigns)

    def _build_applied_row(self, campaign: str, version: int) -> CampaignCountRow:
        return CampaignCountRow(
            kind=CountKind.CAMPAIGN,
            campaign=campaign,
            generation=self._generations[campaign],
            begun=version,
            applied=version,
        )

    async def _compute_checksums(self, campaigns: Sequence[str]) -> dict[str, int]:
        rows = await self._connections.fetch_rows("counts_checksum", _ChecksumRow, {"campaigns": campaigns})
        return {row.campaign: row.checksum for row in rows}


def _compute_changes(
    contributions: ContributionCache, click_rows: Iterable[ClickRow], message_rows: Iterable[MessageRow]
) -> CountChanges:
    changes = CountChanges()
    distinct: dict[ClickContribution, ClickContribution] = {}  # equal contributions share their memory
    anonymous_rows: dict[tuple[str, str], ClickRow] = {}
    rows_by_person: dict[PersonKey, list[ClickRow]] = {}
    for row in click_rows:
        if row.person:
            rows_by_person.setdefault((row.campaign, row.person), []).append(row)
        else:
            anonymous_rows[row.campaign, row.id] = row
    for key, rows in rows_by_person.items():
        campaign, person = key[0], contributions.people[key]
        is_new = not person.clicks and person.link_counts is None
        if is_new and len(rows) == 1 and not rows[0].is_deleted:
            click = _build_click_contribution(rows[0])
            person.clicks[rows[0].id] = click = distinct.setdefault(click, click)
            changes.add_person(campaign, click)
            continue
        flags_before = person.compute_flags()
        for row in rows:
            after = None
            if not row.is_deleted:
                after = _build_click_contribution(row)
                after = distinct.setdefault(after, after)
            changes.replace_click(campaign, person.replace(row.id, after), after)
        changes.replace_person(campaign, flags_before, person.compute_flags())
        person.compact()
    for key, row in anonymous_rows.items():
        if key not in contributions.stored_anonymous_clicks:
            changes.replace_click(row.campaign, None, _build_click_contribution(row))
    for message_row in message_rows:
        key = (message_row.campaign, message_row.message_id)
        contribution = None if message_row.is_deleted else _build_message_contribution(message_row)
        changes.replace_message(message_row.campaign, contributions.messages[key], contribution)
        contributions.messages[key] = contribution
    return changes


def _build_click_contribution(row: ClickRow) -> ClickContribution:
    return ClickContribution(  # without names of fields: a third of the time
        row.link,
        row.url,
        row.link_group,
        row.verdict,
        row.counted,
        row.signals,
        row.source,
        bool(row.ip),
        bool(row.user_agent),
    )


def _build_message_contribution(row: MessageRow) -> MessageContribution:
    return MessageContribution(
        sent_at=datetime.fromisoformat(row.sent_at) if row.sent_at else None,
        accepted=row.recipients,
        bounced=row.bounced,
        delivered=row.delivered,
        opened=row.opened,
        has_engagement=row.has_engagement,
    )
