"""An analytics store in memory that counts in plain Python and can simulate failures."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from ipaddress import ip_address, ip_network
from zlib import crc32

import msgspec

from clicktrail.errors import StorageError
from clicktrail.judge.evidence import AddressClick, start_of_interval
from clicktrail.judge.scoring import MAX_CLICKS_JUDGED_TOGETHER
from clicktrail.model.event import AnonymousClick, AnyEvent, Click, Engagement
from clicktrail.model.recipient import normalize_recipient
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.report import CampaignReport, ClickFilter, FilteredCounts, apply_filter, build_reports
from clicktrail.report.accuracy import ConfusionMatrix
from clicktrail.server.ports import (
    ClickCursor,
    Clicker,
    ClickPage,
    ClickSearch,
    ErasedRows,
    JudgedMessage,
    RecipientClick,
    RecordedEvent,
    StoredVerdict,
    VerdictChange,
)
from clicktrail.server.system import SystemClock

_STORED_FIELDS = ("id", "at", "message_id", "recipient", "link", "url", "group", "method", "user_agent")


class MemoryAnalytics:
    """Implements all analytics ports.

    Attributes:
        remaining_failures: number of next calls of ``store`` that fail after storing the events.
        events: stored events by id.
        requested_ids: message ids of each call of ``timelines``.
        stored_verdict_count: number of stored verdicts, including replaced ones.
        wrong_campaigns: campaigns whose counts a recount changes.
    """

    def __init__(self) -> None:
        self.remaining_failures = 0
        self.events: dict[str, AnyEvent] = {}
        self.requested_ids: list[frozenset[str]] = []
        self.stored_verdict_count = 0
        self.wrong_campaigns: frozenset[str] = frozenset()
        self._timelines: dict[str, Timeline] = {}
        self._clicks: dict[str, JudgedClick] = {}
        self._anonymous_clicks: dict[str, AnonymousClick] = {}
        self._labels: dict[str, Verdict] = {}
        self._history: list[VerdictChange] = []

    async def timelines(self, message_ids: Iterable[str]) -> Mapping[str, Timeline]:
        requested = frozenset(message_ids)
        self.requested_ids.append(requested)
        return {
            message_id: Timeline.from_events(
                message_id, (event for event in self.events.values() if event.message_id == message_id)
            ).first_clicks(MAX_CLICKS_JUDGED_TOGETHER)
            for message_id in requested
        }

    async def clicks_by_id(self, message_ids: Iterable[str], click_ids: Iterable[str]) -> Sequence[Click]:
        requested, ids = set(message_ids), set(click_ids)
        return [click for click in self._sorted_clicks() if click.message_id in requested and click.id in ids]

    async def engagements(self, message_ids: Iterable[str], click_ids: Iterable[str]) -> Sequence[Engagement]:
        requested, ids = set(message_ids), set(click_ids)
        engagements = (event for event in self.events.values() if isinstance(event, Engagement))
        return [event for event in engagements if event.message_id in requested and event.click_id in ids]

    async def interval_clicks(self, intervals: Iterable[tuple[str, datetime]], *, limit: int) -> Sequence[Click]:
        found: dict[tuple[str, datetime], list[Click]] = {interval: [] for interval in intervals}
        for click in self._sorted_clicks():
            if (interval := (click.message_id, start_of_interval(click.at))) in found:
                found[interval].append(click)
        return [click for clicks in found.values() for click in clicks[:limit]]

    async def later_clicks(self, message_id: str, *, after: Click, limit: int) -> Sequence[Click]:
        own = (click for click in self._sorted_clicks() if click.message_id == message_id)
        return [click for click in own if (click.at, click.id) > (after.at, after.id)][:limit]

    async def address_clicks(self, windows: Sequence[tuple[str, datetime, datetime]]) -> Sequence[AddressClick]:
        return [
            AddressClick.from_click(click)
            for click in self._sorted_clicks()
            if "/" not in click.ip
            and any(click.ip == ip and since <= click.at <= until for ip, since, until in windows)
        ]

    async def last_click_at(self) -> datetime | None:
        return max((event.at for event in self.events.values() if isinstance(event, Click)), default=None)

    async def verdicts(
        self, campaign: str, *, since: datetime | None, part: int, part_count: int
    ) -> Sequence[StoredVerdict]:
        clicked = {
            judged.click.message_id
            for judged in self._clicks.values()
            if (since is None or judged.click.at >= since)
            and self._timelines[judged.click.message_id].campaign == campaign
            and crc32(judged.click.message_id.encode()) % part_count == part
        }
        return [
            StoredVerdict.from_judged(judged, judged.click.message_id)
            for judged in sorted(self._clicks.values(), key=lambda judged: (judged.click.message_id, judged.click.id))
            if judged.click.message_id in clicked
        ]

    async def current_verdicts(self, timelines: Iterable[Timeline]) -> Mapping[str, Verdict]:
        ids = [click.id for timeline in timelines for click in timeline.clicks]
        return {name: self._clicks[name].verdict for name in ids if name in self._clicks}

    async def history(self, campaign: str, *, click_ids: Sequence[str] = (), limit: int) -> Sequence[VerdictChange]:
        matching = [
            change
            for change in reversed(self._history)
            if self._timelines[change.message_id].campaign == campaign
            and (not click_ids or change.click_id in click_ids)
        ]
        return matching[:limit]

    async def clicks(self, search: ClickSearch, *, limit: int) -> ClickPage:
        found = sorted(self._search_clicks(search), key=_click_cursor, reverse=True)
        more = len(found) > limit
        return ClickPage(clicks=tuple(found[:limit]), next_cursor=_click_cursor(found[limit - 1]) if more else None)

    async def recipient_clicks(self, recipient: str) -> Sequence[RecipientClick]:
        return [
            RecipientClick(
                campaign=self._timelines[judged.click.message_id].campaign,
                message_id=judged.click.message_id,
                at=judged.click.at,
                link=judged.click.link,
                url=judged.click.url,
                verdict=judged.verdict,
                counted=judged.counted,
            )
            for judged in sorted(self._clicks.values(), key=lambda judged: (judged.click.at, judged.click.id))
            if normalize_recipient(judged.click.recipient) == normalize_recipient(recipient)
        ]

    async def store(
        self,
        events: Sequence[RecordedEvent],
        messages: Sequence[JudgedMessage],
        anonymous_clicks: Sequence[AnonymousClick] = (),
    ) -> None:
        self.events |= {event.id: event for _, event in events}
        if self.remaining_failures:
            self.remaining_failures -= 1
            raise StorageError("simulated failure")
        for message in messages:
            self._timelines[message.timeline.message_id] = message.timeline
            self._history += self._find_changes(message)
            self._clicks |= {judged.click.id: judged for judged in message.clicks}
            self.stored_verdict_count += len(message.clicks)
        self._anonymous_clicks |= {click.id: click for click in anonymous_clicks}

    async def erase(self, recipient: str) -> ErasedRows:
        earlier = (len(self.events), len(self._clicks))
        name = normalize_recipient(recipient)
        self.events = {key: event for key, event in self.events.items() if event.recipient != name}
        self._clicks = {
            key: judged for key, judged in self._clicks.items() if normalize_recipient(judged.click.recipient) != name
        }
        self._history = [change for change in self._history if change.click_id in self._clicks]
        return ErasedRows(events=earlier[0] - len(self.events), clicks=earlier[1] - len(self._clicks))

    async def shorten_ip_addresses(self, *, before: datetime) -> None:
        self.events |= {
            event.id: msgspec.structs.replace(event, ip=_shorten_address(event.ip))
            for event in self.events.values()
            if isinstance(event, Click) and event.at < before
        }

    async def campaigns(self) -> Sequence[CampaignReport]:
        return [replace(report, links=(), reasons=(), sources=()) for report in self._reports()]

    async def campaign(self, name: str) -> CampaignReport | None:
        return next((report for report in self._reports() if report.campaign == name), None)

    async def recount(self, campaigns: Sequence[str]) -> Sequence[str]:
        return [name for name in campaigns if name in self.wrong_campaigns]

    async def clickers(self, *, since: datetime, campaign: str | None, after: str, limit: int) -> Sequence[Clicker]:
        times: dict[str, list[datetime]] = {}
        for judged in self._clicks.values():
            if (
                judged.counted
                and judged.verdict is Verdict.HUMAN
                and judged.click.at >= since
                and campaign in {None, self._timelines[judged.click.message_id].campaign}
                and judged.click.recipient > after
            ):
                times.setdefault(judged.click.recipient, []).append(judged.click.at)
        found = (Clicker(recipient=name, clicks=len(at), last_at=max(at)) for name, at in sorted(times.items()))
        return list(found)[:limit]

    async def store_labels(self, truths: Mapping[str, Verdict]) -> None:
        self._labels |= truths

    async def confusion_matrix(self) -> ConfusionMatrix:
        matched = {name: truth for name, truth in self._labels.items() if name in self._clicks}
        counts = Counter((truth, self._clicks[name].verdict) for name, truth in matched.items())
        return ConfusionMatrix(counts=dict(counts), unmatched_labels=len(self._labels) - len(matched))

    async def filtered_counts(
        self, campaigns: Sequence[str], *, click_filter: ClickFilter
    ) -> Mapping[str, FilteredCounts]:
        remaining = apply_filter(self._messages(), self._anonymous_clicks.values(), click_filter=click_filter)
        return {campaign: counts for campaign, counts in remaining.items() if campaign in campaigns}

    def judged_clicks(self) -> dict[str, JudgedClick]:
        return dict(self._clicks)

    def _sorted_clicks(self) -> list[Click]:
        clicks = (event for event in self.events.values() if isinstance(event, Click))
        return sorted(clicks, key=lambda click: (click.at, click.id))

    def _find_changes(self, message: JudgedMessage) -> Iterator[VerdictChange]:
        for before, judged in message.changed_clicks:
            if judged.verdict != self._clicks[judged.click.id].verdict:
                yield VerdictChange(
                    at=SystemClock().now(),
                    click_id=judged.click.id,
                    message_id=message.timeline.message_id,
                    before=before,
                    after=judged.verdict,
                    score=judged.score,
                    signals=tuple(reason.signal for reason in judged.reasons),
                    rules=judged.rules,
                )

    def _search_clicks(self, search: ClickSearch) -> Iterator[JudgedClick]:
        anonymous = (_anonymous_as_judged(click) for click in self._anonymous_clicks.values())
        for judged in (*map(self._strip_click, self._clicks.values()), *anonymous):
            if (
                judged.click.campaign == search.campaign
                and judged.verdict in search.verdicts
                and search.signal in {"", *(reason.signal for reason in judged.reasons)}
                and judged.counted == search.counted
                and (search.before is None or _click_cursor(judged) < search.before)
            ):
                yield judged

    def _strip_click(self, judged: JudgedClick) -> JudgedClick:
        click, campaign = judged.click, self._timelines[judged.click.message_id].campaign
        fields = {name: getattr(click, name) for name in _STORED_FIELDS}
        return replace(judged, click=Click(source=click.esp or click.source, campaign=campaign, **fields))

    def _reports(self) -> list[CampaignReport]:
        return build_reports(self._messages(), self._anonymous_clicks.values())

    def _messages(self) -> Iterator[tuple[Timeline, Sequence[JudgedClick]]]:
        for message_id, timeline in self._timelines.items():
            yield timeline, [judged for judged in self._clicks.values() if judged.click.message_id == message_id]


class StoredMessages:
    """A StoreObserver that collects the messages it was notified of."""

    def __init__(self) -> None:
        self.messages: list[JudgedMessage] = []

    def on_stored(self, messages: Sequence[JudgedMessage]) -> None:
        self.messages += messages


def _anonymous_as_judged(click: AnonymousClick) -> JudgedClick:
    as_click = Click(
        id=click.id,
        at=click.at,
        source="",
        campaign=click.campaign,
        link=click.link,
        url=click.url,
        group=click.group,
        method="",
    )
    return JudgedClick(click=as_click, verdict=Verdict(click.verdict), score=0, reasons=(), counted=True, rules="")


def _click_cursor(judged: JudgedClick) -> ClickCursor:
    return (judged.click.at, judged.click.id)


def _shorten_address(address: str) -> str:
    try:
        bits = 24 if ip_address(address).version == 4 else 48
    except ValueError:
        return address if "/" in address else ""
    return str(ip_network(f"{address}/{bits}", strict=False))
