"""Analytics on chDB: events, messages and judged clicks in tables, and the numbers by SQL.

A row is replaced by one of the same key and a higher version, and every query reads through ``FINAL``, which shows
the latest only. So a verdict can be replaced at any time, and storing the same again changes nothing.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from clicktrail.judge.address_activity import Visit
from clicktrail.model.event import AnonymousClick, AnyEvent, decode, rfc3339
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import Verdict
from clicktrail.report import CampaignReport, Filter, Filtered
from clicktrail.report.accuracy import Confusion
from clicktrail.server.analytics.clicks import list_clicks
from clicktrail.server.analytics.connection import ChdbConnections, migrate, query
from clicktrail.server.analytics.reports import KeptReports, count_confusion, count_filtered
from clicktrail.server.analytics.rows import (
    LabelRow,
    anonymous_rows,
    change_rows,
    click_rows,
    event_rows,
    hour_of,
    message_rows,
    visit_rows,
)
from clicktrail.server.monitoring.metrics import STORE_SECONDS, Histogram
from clicktrail.server.ports import (
    Announcements,
    Clicker,
    ClickPage,
    ClickSearch,
    Clock,
    JudgedMessage,
    RecentReport,
    RecipientClick,
    StoredVerdict,
    VerdictChange,
)

__all__ = ["ChdbAnalytics"]


class _Version(msgspec.Struct):
    version: int


class _Last(msgspec.Struct):
    last: datetime | None


class _Line(msgspec.Struct):
    message_id: str
    line: str


class _Standing(msgspec.Struct):
    id: str
    verdict: Verdict


class ChdbAnalytics:
    """The port Analytics on one folder of chDB. ``open`` makes it; ``close`` must be awaited in the end.

    Attributes:
        store_seconds: how long batches took to be stored.
    """

    def __init__(
        self, connections: ChdbConnections, clock: Clock, announcements: Sequence[Announcements], *, version: int
    ) -> None:
        self.store_seconds = Histogram(STORE_SECONDS.bounds)
        self._connections = connections
        self._reports = KeptReports(connections)
        self._clock = clock
        self._announcements = announcements
        self._version = version

    @classmethod
    async def open(cls, folder: Path, clock: Clock, *, announcements: Sequence[Announcements] = ()) -> "ChdbAnalytics":
        """Open the folder, made if it does not exist, and bring its tables up to date.

        Args:
            folder: where the tables are.
            clock: tells when something is stored.
            announcements: told of what is stored.

        Raises:
            StorageError: another process has it open, or a later version of clicktrail has changed it.
        """
        connections = ChdbConnections(folder)
        try:
            await migrate(connections)
            (latest,) = await connections.rows("latest_version", _Version)
        except BaseException:
            await connections.close()
            raise
        return cls(connections, clock, announcements, version=latest.version)

    async def close(self) -> None:
        """Let running statements end, then let the folder go."""
        await self._connections.close()

    async def timelines(self, message_ids: Iterable[str]) -> Mapping[str, Timeline]:
        """What is stored of these messages."""
        events: dict[str, list[AnyEvent]] = {message_id: [] for message_id in message_ids}
        for row in await self._connections.rows("timelines", _Line, {"message_ids": tuple(events)}):
            events[row.message_id].append(decode(row.line.encode()))
        return {message_id: Timeline.of(message_id, told) for message_id, told in events.items()}

    async def visits(self, windows: Sequence[tuple[str, datetime, datetime]]) -> Sequence[Visit]:
        """The requests by an address from a time until another, both among them."""
        if not windows:
            return []
        ips, since, until = zip(*((ip, rfc3339(start), rfc3339(end)) for ip, start, end in windows), strict=True)
        return await self._connections.rows("visits", Visit, {"ips": ips, "since": since, "until": until})

    async def last_visit(self) -> datetime | None:
        """When the latest of all visits was."""
        (row,) = await self._connections.rows("last_visit", _Last)
        return row.last

    async def verdicts(
        self, campaign: str, *, since: datetime | None, part: int, parts: int
    ) -> Sequence[StoredVerdict]:
        """The verdicts on all clicks of a part of a campaign's messages."""
        parameters = {
            "campaign": campaign,
            "since": rfc3339(since) if since else None,
            "part": str(part),
            "parts": str(parts),
        }
        return await self._connections.rows("verdicts", StoredVerdict, parameters)

    async def verdicts_on(self, timelines: Iterable[Timeline]) -> Mapping[str, Verdict]:
        """The verdicts that stand on the clicks of messages."""
        keys = [(told.campaign, str(hour_of(click.at)), click.id) for told in timelines for click in told.clicks]
        if not keys:
            return {}
        parameters = dict(zip(("campaigns", "hours", "ids"), zip(*keys, strict=True), strict=True))
        rows = await self._connections.rows("verdicts_on", _Standing, parameters)
        return {row.id: row.verdict for row in rows}

    async def history(self, campaign: str, *, clicks: Sequence[str] = (), limit: int) -> Sequence[VerdictChange]:
        """Changes of verdicts, the latest first."""
        parameters = {"campaign": campaign, "clicks": clicks, "limit": str(limit)}
        return await self._connections.rows("history", VerdictChange, parameters)

    async def clicks(self, search: ClickSearch, *, limit: int) -> ClickPage:
        """The next clicks of a search."""
        return await list_clicks(self._connections, search, limit=limit)

    async def clicks_of(self, recipient: str) -> Sequence[RecipientClick]:
        """What a recipient clicked on, in the order of time."""
        return await self._connections.rows("clicks_of", RecipientClick, {"recipient": recipient})

    async def store(
        self, lines: Sequence[bytes], judged: Sequence[JudgedMessage], anonymous: Sequence[AnonymousClick] = ()
    ) -> None:
        """Keep events as they arrived, the messages they touch as judged now, and anonymous clicks as they are."""
        version = self._next_version()
        told = [(line, decode(line)) for line in lines]
        began = time.perf_counter()
        messages = list(message_rows(judged, version=version))
        clicks = [*click_rows(judged, version=version), *anonymous_rows(anonymous)]
        await self._connections.insert("insert_events", event_rows(told, version=version))
        await self._connections.insert("insert_visits", visit_rows(event for _, event in told))
        await self._connections.insert("insert_messages", messages)
        # Before the clicks: once those are stored, nobody knows any more what they were.
        await self._connections.insert("insert_verdict_changes", change_rows(judged, version=version))
        await self._connections.insert("insert_clicks", clicks)
        # A report that is counted while clicks come in may know them or not; this comes last, so it is counted again.
        campaigns = {row.campaign for row in messages} | {row.campaign for row in clicks}
        await self._reports.outdate(campaigns, version=version)
        self.store_seconds.observe(time.perf_counter() - began)
        for announcements in self._announcements:
            announcements.stored(judged)

    async def erase(self, recipient: str) -> None:
        """Delete the events and clicks of a recipient, and the clicks' history."""
        for name in ("erase_clicks", "erase_clicks_of_people", "erase_verdict_changes", "erase_visits", "erase_events"):
            await self._connections.run(query(name), {"recipient": recipient})
        await self._reports.outdate_all(version=self._next_version())

    async def shorten_addresses(self, *, before: datetime) -> None:
        """Of what happened before a time keep only the network of each address."""
        for name in ("shorten_click_addresses", "forget_visits", "shorten_event_addresses"):
            await self._connections.run(query(name), {"before": rfc3339(before)})

    async def campaigns(self) -> Sequence[CampaignReport]:
        """Every campaign, the latest sent first."""
        return await self._reports.campaigns()

    async def campaign(self, name: str) -> CampaignReport | None:
        """One campaign with its links, reasons and sources."""
        return await self._reports.campaign(name)

    async def recent_campaigns(self) -> Sequence[RecentReport]:
        """Every campaign, the large ones as they were counted last."""
        return await self._reports.recent_campaigns()

    async def recent_campaign(self, name: str) -> RecentReport | None:
        """One campaign, a large one as it was counted last."""
        return await self._reports.recent_campaign(name)

    async def recount(self) -> None:
        """Count one report that somebody got as it was counted last; nothing if nobody did.

        Raises:
            StorageError: it stays as it was.
        """
        await self._reports.recount()

    async def clickers(self, *, since: datetime, campaign: str | None, after: str, limit: int) -> Sequence[Clicker]:
        """Recipients with a counted human click, by name."""
        parameters = {"since": rfc3339(since), "campaign": campaign, "after": after, "limit": str(limit)}
        return await self._connections.rows("clickers", Clicker, parameters)

    async def label(self, truths: Mapping[str, Verdict]) -> None:
        """Keep what really made some clicks."""
        version = self._next_version()
        labels = (LabelRow(click_id=click_id, truth=truth, version=version) for click_id, truth in truths.items())
        await self._connections.insert("insert_labels", labels)

    async def confusion(self) -> Confusion:
        """How verdicts fare against all labels."""
        return await count_confusion(self._connections)

    async def filtered(self, campaigns: Sequence[str], *, by: Filter) -> Mapping[str, Filtered]:
        """What one filter leaves of campaigns."""
        return await count_filtered(self._connections, campaigns, by)

    def _next_version(self) -> int:
        """Microseconds since 1970, but always more than before: clocks are set back."""
        now = int(self._clock.now().timestamp() * 1_000_000)
        self._version = max(self._version + 1, now)
        return self._version
