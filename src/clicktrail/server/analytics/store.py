"""Analytics on chDB: events, messages and judged clicks in tables, and reports by SQL.

A row replaces the row with the same key and a lower version, and every query reads with ``FINAL``, which returns only
the highest version. So a verdict can be replaced at any time, and storing the same again changes nothing.

Versions are ``epoch * 2**51 + counter`` and do not depend on the clock, which may be set back. Each time the folder is
opened, the epoch rises, so the rows of a later owner replace those of an earlier one.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from clicktrail.judge.evidence import INTERVAL, AddressClick
from clicktrail.model.event import AnonymousClick, Click, Engagement, format_rfc3339
from clicktrail.model.recipient import normalize_recipient
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import Verdict
from clicktrail.report import CampaignReport, ClickFilter, FilteredCounts
from clicktrail.report.accuracy import ConfusionMatrix
from clicktrail.server.analytics.clicks import list_clicks
from clicktrail.server.analytics.connection import ChdbPool, QueryParameter, load_query, migrate
from clicktrail.server.analytics.erasing import delete_replaced_files, erase_recipient
from clicktrail.server.analytics.reports import count_confusion, count_filtered, load_campaign, load_campaigns
from clicktrail.server.analytics.rows import (
    ClickRow,
    LabelRow,
    MessageRow,
    build_address_click_rows,
    build_anonymous_click_rows,
    build_click_rows,
    build_event_rows,
    build_message_rows,
    build_verdict_change_rows,
    find_person,
    hours_since_epoch,
)
from clicktrail.server.analytics.running_counts import RunningCounts
from clicktrail.server.analytics.timelines import fetch_events, fetch_timelines
from clicktrail.server.monitoring.metrics import ANALYTICS_STORE_SECONDS, Histogram
from clicktrail.server.pipeline.address_history import MAX_CLICKS_PER_INTERVAL
from clicktrail.server.ports import (
    Clicker,
    ClickPage,
    ClickSearch,
    Clock,
    ErasedRows,
    JudgedMessage,
    RecipientClick,
    RecordedEvent,
    StoredVerdict,
    VerdictChange,
)

_COUNTER_BITS = 51
_MAX_EPOCH = (1 << (64 - _COUNTER_BITS)) - 1  # versions are UInt64
_RESERVED_VERSIONS = 1 << 32
"""Versions for one opening of the folder in the last epoch: more than 30 years of stores, at four per second."""


class _EpochRow(msgspec.Struct):
    first_version: int


class _LastClickRow(msgspec.Struct):
    last_click_at: datetime | None


class ChdbAnalytics:
    """The port `Analytics` on one folder of chDB. Create it with `open`, and close it."""

    def __init__(self, connections: ChdbPool, clock: Clock, counts: RunningCounts, *, first_version: int) -> None:
        self.store_seconds = Histogram(ANALYTICS_STORE_SECONDS.bounds)
        self._connections = connections
        self._counts = counts
        self._change_lock = asyncio.Lock()  # one change at a time: differences add up in order
        self._clock = clock
        self._next_unused_version = first_version

    @classmethod
    async def open(cls, folder: Path, clock: Clock) -> "ChdbAnalytics":
        """Open the folder, created if missing, and apply missing migrations.

        Campaigns are counted again if a store was interrupted, or an earlier version of clicktrail stored them.

        Raises:
            StorageError: another process has it open, or a later version of clicktrail has changed it.
        """
        connections = ChdbPool(folder)
        try:
            await migrate(connections)
            (latest_epoch,) = await connections.fetch_rows("latest_epoch", _EpochRow)
            first_version = compute_first_version(latest_epoch.first_version)
            await connections.insert_rows("insert_epochs", [_EpochRow(first_version=first_version)])
            counts = await RunningCounts.open(connections)
            await counts.recount_uncounted(version=first_version)
        except BaseException:
            await connections.close()
            raise
        return cls(connections, clock, counts, first_version=first_version + 1)

    async def close(self) -> None:
        """Wait for running statements, then close the folder."""
        await self._connections.close()

    async def timelines(self, message_ids: Iterable[str]) -> Mapping[str, Timeline]:
        """The stored timelines of the first of the messages, each with the first events of every kind."""
        return await fetch_timelines(self._connections, message_ids)

    async def clicks_by_id(self, message_ids: Iterable[str], click_ids: Iterable[str]) -> Sequence[Click]:
        """The stored clicks of messages with these ids."""
        parameters = {"message_ids": tuple(message_ids), "click_ids": tuple(click_ids)}
        return await fetch_events(self._connections, "clicks_by_id", parameters, Click)

    async def engagements(self, message_ids: Iterable[str], click_ids: Iterable[str]) -> Sequence[Engagement]:
        """The stored engagements of clicks."""
        parameters = {"message_ids": tuple(message_ids), "click_ids": tuple(click_ids)}
        return await fetch_events(self._connections, "engagements", parameters, Engagement)

    async def interval_clicks(self, intervals: Iterable[tuple[str, datetime]], *, limit: int) -> Sequence[Click]:
        """The first clicks of messages in intervals."""
        pairs = tuple(intervals)
        if not pairs:
            return []
        parameters: dict[str, QueryParameter] = {
            "message_ids": [message_id for message_id, _ in pairs],
            "intervals": [str(int(start.timestamp()) // int(INTERVAL.total_seconds())) for _, start in pairs],
            "since": format_rfc3339(min(start for _, start in pairs)),
            "until": format_rfc3339(max(start for _, start in pairs) + INTERVAL),
            "interval_ms": str(INTERVAL // timedelta(milliseconds=1)),
            "limit": str(limit),
        }
        return await fetch_events(self._connections, "interval_clicks", parameters, Click)

    async def later_clicks(self, message_id: str, *, after: Click, limit: int) -> Sequence[Click]:
        """The next clicks of a message after one of its clicks, by time and id."""
        parameters: dict[str, QueryParameter] = {
            "message_id": message_id,
            "after_at": format_rfc3339(after.at),
            "after_id": after.id,
            "limit": str(limit),
        }
        return await fetch_events(self._connections, "later_clicks", parameters, Click)

    async def address_clicks(self, windows: Sequence[tuple[str, datetime, datetime]]) -> Sequence[AddressClick]:
        """The clicks of IP addresses within time windows."""
        if not windows:
            return []
        parameters = {
            "ips": " ".join(ip for ip, _, _ in windows),
            "since": " ".join(format_rfc3339(since) for _, since, _ in windows),
            "until": " ".join(format_rfc3339(until) for _, _, until in windows),
            "first": format_rfc3339(min(since for _, since, _ in windows)),
            "last": format_rfc3339(max(until for _, _, until in windows)),
            "interval_ms": str(INTERVAL // timedelta(milliseconds=1)),
            "interval_limit": str(MAX_CLICKS_PER_INTERVAL),
        }
        return await self._connections.fetch_rows("address_clicks", AddressClick, parameters)

    async def last_click_at(self) -> datetime | None:
        """Time of the latest click with an IP address."""
        (row,) = await self._connections.fetch_rows("last_click_at", _LastClickRow)
        return row.last_click_at

    async def verdicts(
        self, campaign: str, *, since: datetime | None, part: int, part_count: int
    ) -> Sequence[StoredVerdict]:
        """The verdicts on all clicks of one part of a campaign's messages."""
        parameters = {
            "campaign": campaign,
            "since": format_rfc3339(since) if since else None,
            "part": str(part),
            "part_count": str(part_count),
        }
        return await self._connections.fetch_rows("campaign_verdicts", StoredVerdict, parameters)

    async def current_verdicts(self, timelines: Iterable[Timeline]) -> Mapping[str, Verdict]:
        """The current verdicts on the clicks of messages, by click id."""
        return await self._counts.fetch_verdicts(
            [
                ((timeline.campaign, find_person(click, timeline.message_id)), hours_since_epoch(click.at), click.id)
                for timeline in timelines
                for click in timeline.clicks
            ]
        )

    async def history(self, campaign: str, *, click_ids: Sequence[str] = (), limit: int) -> Sequence[VerdictChange]:
        """Changes of verdicts, the latest first."""
        parameters = {"campaign": campaign, "click_ids": click_ids, "limit": str(limit)}
        return await self._connections.fetch_rows("verdict_changes", VerdictChange, parameters)

    async def clicks(self, search: ClickSearch, *, limit: int) -> ClickPage:
        """The next clicks of a search."""
        return await list_clicks(self._connections, search, limit=limit)

    async def recipient_clicks(self, recipient: str) -> Sequence[RecipientClick]:
        """The clicks of a recipient, by time."""
        return await self._connections.fetch_rows(
            "recipient_clicks", RecipientClick, {"recipient": normalize_recipient(recipient)}
        )

    async def store(
        self,
        events: Sequence[RecordedEvent],
        messages: Sequence[JudgedMessage],
        anonymous_clicks: Sequence[AnonymousClick] = (),
    ) -> None:
        """Store events as they arrived, the messages that they belong to as judged now, and anonymous clicks."""
        async with self._change_lock:
            started_at = time.perf_counter()
            await self._store(events, messages, anonymous_clicks)
            self.store_seconds.observe(time.perf_counter() - started_at)

    async def _store(
        self,
        events: Sequence[RecordedEvent],
        messages: Sequence[JudgedMessage],
        anonymous_clicks: Sequence[AnonymousClick],
    ) -> None:
        version = self._take_version()
        changed_at = self._clock.now()
        click_rows: list[ClickRow] = []
        message_rows: list[MessageRow] = []

        def build_inserts() -> list[tuple[str, Iterable[msgspec.Struct]]]:
            message_rows.extend(build_message_rows(messages, version=version))
            click_rows.extend(build_click_rows(messages, version=version))
            click_rows.extend(build_anonymous_click_rows(anonymous_clicks))
            return [
                ("insert_events", build_event_rows(events, version=version)),
                ("insert_address_clicks", build_address_click_rows(event for _, event in events)),
                ("insert_messages", message_rows),
                # before the clicks, which replace the previous verdicts
                ("insert_verdict_changes", build_verdict_change_rows(messages, changed_at=changed_at, version=version)),
                ("insert_clicks", click_rows),
                # after the clicks: a store that ends in between is completed before they are counted again
                ("insert_clicks_by_person", [row for row in click_rows if row.person]),
            ]

        inserts = await asyncio.to_thread(build_inserts)
        campaigns = {row.campaign for row in message_rows} | {row.campaign for row in click_rows}
        changes = await self._counts.compute_changes(click_rows, message_rows)
        with self._counts.uncounted_on_error(campaigns):
            await self._connections.insert_in_order(
                [
                    ("insert_campaign_counts", self._counts.build_marks(campaigns, version=version)),
                    *inserts,
                    ("insert_campaign_counts", self._counts.build_rows(changes, campaigns, version=version)),
                ]
            )
            await self._counts.recount_uncounted(version=version)

    async def erase(self, recipient: str) -> ErasedRows:
        """Delete the events and clicks of a recipient, and the history of the clicks."""
        async with self._change_lock:
            rows = await erase_recipient(self._connections, recipient, self._counts, version=self._take_version())
            await delete_replaced_files(self._connections)
            return rows

    async def recount(self, campaigns: Sequence[str]) -> Sequence[str]:
        """Count campaigns again from their clicks and messages, and return those whose counts were different."""
        different: list[str] = []
        for chunk in await self._counts.split(campaigns):
            async with self._change_lock:  # stores can go on between two chunks
                different += await self._counts.recount(chunk, version=self._take_version())
        async with self._change_lock:
            await self._counts.delete_former()
        return different

    async def shorten_ip_addresses(self, *, before: datetime) -> None:
        """Replace IP addresses recorded before a time by their networks."""
        for name in ("shorten_click_ip_addresses", "delete_address_clicks", "shorten_event_ip_addresses"):
            await self._connections.execute(load_query(name), {"before": format_rfc3339(before)})

    async def campaigns(self) -> Sequence[CampaignReport]:
        """Every campaign, the latest sent first."""
        return await load_campaigns(self._connections)

    async def campaign(self, name: str) -> CampaignReport | None:
        """One campaign with its links, reasons and sources."""
        return await load_campaign(self._connections, name)

    async def load_next_filter(self) -> None:
        """Load what speeds up stores of a busy campaign, if it is missing.

        Raises:
            StorageError: the tables cannot be read.
        """
        await self._counts.load_next_filter()

    async def clickers(self, *, since: datetime, campaign: str | None, after: str, limit: int) -> Sequence[Clicker]:
        """Recipients with a counted human click, by name."""
        parameters = {"since": format_rfc3339(since), "campaign": campaign, "after": after, "limit": str(limit)}
        return await self._connections.fetch_rows("clickers", Clicker, parameters)

    async def store_labels(self, truths: Mapping[str, Verdict]) -> None:
        """Store ground-truth labels of clicks, by click id."""
        version = self._take_version()
        labels = (LabelRow(click_id=click_id, truth=truth, version=version) for click_id, truth in truths.items())
        await self._connections.insert_rows("insert_labels", labels)

    async def confusion_matrix(self) -> ConfusionMatrix:
        """Compare the verdicts of labelled clicks with their labels."""
        return await count_confusion(self._connections)

    async def filtered_counts(
        self, campaigns: Sequence[str], *, click_filter: ClickFilter
    ) -> Mapping[str, FilteredCounts]:
        """Counts of the clicks that pass a filter, by campaign."""
        return await count_filtered(self._connections, campaigns, click_filter)

    def _take_version(self) -> int:
        version = self._next_unused_version
        self._next_unused_version += 1
        return version


def compute_first_version(previous_first_version: int) -> int:
    """The first version of the next epoch, which is higher than all versions of the previous one.

    There are 8,191 epochs. After the last one, each opening of the folder continues in it, at a higher counter.
    """
    next_epoch = (previous_first_version >> _COUNTER_BITS) + 1
    if next_epoch <= _MAX_EPOCH:
        return next_epoch << _COUNTER_BITS
    return previous_first_version + _RESERVED_VERSIONS
