"""Analytics on chDB: events, messages and judged clicks in tables, and the numbers by SQL.

A row is replaced by one of the same key and a higher version, and every query reads through ``FINAL``, which shows
the latest only. So a verdict can be replaced at any time, and storing the same again changes nothing.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from clicktrail.judge.address_activity import AddressClick
from clicktrail.model.event import AnonymousClick, AnyEvent, decode_event, format_rfc3339
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import Verdict
from clicktrail.report import CampaignReport, ClickFilter, FilteredCounts
from clicktrail.report.accuracy import ConfusionMatrix
from clicktrail.server.analytics.clicks import list_clicks
from clicktrail.server.analytics.connection import ChdbPool, load_query, migrate
from clicktrail.server.analytics.reports import ReportCache, count_confusion, count_filtered
from clicktrail.server.analytics.rows import (
    LabelRow,
    build_address_click_rows,
    build_anonymous_click_rows,
    build_click_rows,
    build_event_rows,
    build_message_rows,
    build_verdict_change_rows,
    hours_since_epoch,
)
from clicktrail.server.monitoring.metrics import ANALYTICS_STORE_SECONDS, Histogram
from clicktrail.server.ports import (
    CachedReport,
    Clicker,
    ClickPage,
    ClickSearch,
    Clock,
    JudgedMessage,
    RecipientClick,
    StoredVerdict,
    VerdictChange,
)

__all__ = ["ChdbAnalytics"]


class _VersionRow(msgspec.Struct):
    version: int


class _LastClickRow(msgspec.Struct):
    last_click_at: datetime | None


class _EventLineRow(msgspec.Struct):
    message_id: str
    line: str


class _CurrentVerdictRow(msgspec.Struct):
    id: str
    verdict: Verdict


class ChdbAnalytics:
    """The port Analytics on one folder of chDB. ``open`` makes it; ``close`` must be awaited in the end.

    Attributes:
        store_seconds: how long batches took to be stored.
    """

    def __init__(self, connections: ChdbPool, clock: Clock, *, version: int) -> None:
        self.store_seconds = Histogram(ANALYTICS_STORE_SECONDS.bounds)
        self._connections = connections
        self._report_cache = ReportCache(connections)
        self._clock = clock
        self._version = version

    @classmethod
    async def open(cls, folder: Path, clock: Clock) -> "ChdbAnalytics":
        """Open the folder, made if it does not exist, and bring its tables up to date.

        Args:
            folder: where the tables are.
            clock: tells when something is stored.

        Raises:
            StorageError: another process has it open, or a later version of clicktrail has changed it.
        """
        connections = ChdbPool(folder)
        try:
            await migrate(connections)
            (latest,) = await connections.fetch_rows("latest_version", _VersionRow)
        except BaseException:
            await connections.close()
            raise
        return cls(connections, clock, version=latest.version)

    async def close(self) -> None:
        """Let running statements end, then let the folder go."""
        await self._connections.close()

    async def timelines(self, message_ids: Iterable[str]) -> Mapping[str, Timeline]:
        """What is stored of these messages."""
        events: dict[str, list[AnyEvent]] = {message_id: [] for message_id in message_ids}
        for row in await self._connections.fetch_rows("timelines", _EventLineRow, {"message_ids": tuple(events)}):
            events[row.message_id].append(decode_event(row.line.encode()))
        return {message_id: Timeline.from_events(message_id, told) for message_id, told in events.items()}

    async def address_clicks(self, windows: Sequence[tuple[str, datetime, datetime]]) -> Sequence[AddressClick]:
        """The requests by an address from a time until another, both among them."""
        if not windows:
            return []
        ips, since, until = zip(
            *((ip, format_rfc3339(start), format_rfc3339(end)) for ip, start, end in windows), strict=True
        )
        return await self._connections.fetch_rows("visits", AddressClick, {"ips": ips, "since": since, "until": until})

    async def last_click_at(self) -> datetime | None:
        """When the latest of all visits was."""
        (row,) = await self._connections.fetch_rows("last_visit", _LastClickRow)
        return row.last_click_at

    async def verdicts(
        self, campaign: str, *, since: datetime | None, part: int, part_count: int
    ) -> Sequence[StoredVerdict]:
        """The verdicts on all clicks of a part of a campaign's messages."""
        parameters = {
            "campaign": campaign,
            "since": format_rfc3339(since) if since else None,
            "part": str(part),
            "parts": str(part_count),
        }
        return await self._connections.fetch_rows("verdicts", StoredVerdict, parameters)

    async def current_verdicts(self, timelines: Iterable[Timeline]) -> Mapping[str, Verdict]:
        """The verdicts that stand on the clicks of messages."""
        keys = [
            (told.campaign, str(hours_since_epoch(click.at)), click.id) for told in timelines for click in told.clicks
        ]
        if not keys:
            return {}
        parameters = dict(zip(("campaigns", "hours", "ids"), zip(*keys, strict=True), strict=True))
        rows = await self._connections.fetch_rows("verdicts_on", _CurrentVerdictRow, parameters)
        return {row.id: row.verdict for row in rows}

    async def history(self, campaign: str, *, click_ids: Sequence[str] = (), limit: int) -> Sequence[VerdictChange]:
        """Changes of verdicts, the latest first."""
        parameters = {"campaign": campaign, "clicks": click_ids, "limit": str(limit)}
        return await self._connections.fetch_rows("history", VerdictChange, parameters)

    async def clicks(self, search: ClickSearch, *, limit: int) -> ClickPage:
        """The next clicks of a search."""
        return await list_clicks(self._connections, search, limit=limit)

    async def recipient_clicks(self, recipient: str) -> Sequence[RecipientClick]:
        """What a recipient clicked on, in the order of time."""
        return await self._connections.fetch_rows("clicks_of", RecipientClick, {"recipient": recipient})

    async def store(
        self, lines: Sequence[bytes], messages: Sequence[JudgedMessage], anonymous_clicks: Sequence[AnonymousClick] = ()
    ) -> None:
        """Keep events as they arrived, the messages they touch as judged now, and anonymous clicks as they are."""
        version = self._next_version()
        told = [(line, decode_event(line)) for line in lines]
        began = time.perf_counter()
        message_rows = list(build_message_rows(messages, version=version))
        clicks = [*build_click_rows(messages, version=version), *build_anonymous_click_rows(anonymous_clicks)]
        await self._connections.insert_rows("insert_events", build_event_rows(told, version=version))
        await self._connections.insert_rows("insert_visits", build_address_click_rows(event for _, event in told))
        await self._connections.insert_rows("insert_messages", message_rows)
        # Before the clicks: once those are stored, nobody knows any more what they were.
        await self._connections.insert_rows(
            "insert_verdict_changes", build_verdict_change_rows(messages, version=version)
        )
        await self._connections.insert_rows("insert_clicks", clicks)
        # A report that is counted while clicks come in may know them or not; this comes last, so it is counted again.
        campaigns = {row.campaign for row in message_rows} | {row.campaign for row in clicks}
        await self._report_cache.invalidate(campaigns, version=version)
        self.store_seconds.observe(time.perf_counter() - began)

    async def erase(self, recipient: str) -> None:
        """Delete the events and clicks of a recipient, and the clicks' history."""
        for name in ("erase_clicks", "erase_clicks_of_people", "erase_verdict_changes", "erase_visits", "erase_events"):
            await self._connections.execute(load_query(name), {"recipient": recipient})
        await self._report_cache.invalidate_all(version=self._next_version())

    async def shorten_ip_addresses(self, *, before: datetime) -> None:
        """Of what happened before a time keep only the network of each address."""
        for name in ("shorten_click_addresses", "forget_visits", "shorten_event_addresses"):
            await self._connections.execute(load_query(name), {"before": format_rfc3339(before)})

    async def campaigns(self) -> Sequence[CampaignReport]:
        """Every campaign, the latest sent first."""
        return await self._report_cache.campaigns()

    async def campaign(self, name: str) -> CampaignReport | None:
        """One campaign with its links, reasons and sources."""
        return await self._report_cache.campaign(name)

    async def cached_campaigns(self) -> Sequence[CachedReport]:
        """Every campaign, the large ones as they were counted last."""
        return await self._report_cache.cached_campaigns()

    async def cached_campaign(self, name: str) -> CachedReport | None:
        """One campaign, a large one as it was counted last."""
        return await self._report_cache.cached_campaign(name)

    async def refresh_next_report(self) -> None:
        """Count one report that somebody got as it was counted last; nothing if nobody did.

        Raises:
            StorageError: it stays as it was.
        """
        await self._report_cache.refresh_next()

    async def clickers(self, *, since: datetime, campaign: str | None, after: str, limit: int) -> Sequence[Clicker]:
        """Recipients with a counted human click, by name."""
        parameters = {"since": format_rfc3339(since), "campaign": campaign, "after": after, "limit": str(limit)}
        return await self._connections.fetch_rows("clickers", Clicker, parameters)

    async def store_labels(self, truths: Mapping[str, Verdict]) -> None:
        """Keep what really made some clicks."""
        version = self._next_version()
        labels = (LabelRow(click_id=click_id, truth=truth, version=version) for click_id, truth in truths.items())
        await self._connections.insert_rows("insert_labels", labels)

    async def confusion_matrix(self) -> ConfusionMatrix:
        """How verdicts fare against all labels."""
        return await count_confusion(self._connections)

    async def filtered_counts(
        self, campaigns: Sequence[str], *, click_filter: ClickFilter
    ) -> Mapping[str, FilteredCounts]:
        """What one filter leaves of campaigns."""
        return await count_filtered(self._connections, campaigns, click_filter)

    def _next_version(self) -> int:
        """Microseconds since 1970, but always more than before: clocks are set back."""
        now = int(self._clock.now().timestamp() * 1_000_000)
        self._version = max(self._version + 1, now)
        return self._version
