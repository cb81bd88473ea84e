"""Read events from the journal, judge the messages they affect, and store both.

The processor groups a batch of events by message, completes each message's timeline, and judges it as a whole. Messages
that the same IP addresses clicked on at about the same time are judged again too. Everything is stored before the
journal's position is committed. After an error the same batch is processed again; storing is idempotent, so every
event counts exactly once.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_network
from operator import itemgetter

from clicktrail.errors import EventError
from clicktrail.judge import Judge
from clicktrail.model.event import AnonymousClick, AnyEvent, Click, decode_event
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.server.pipeline.address_history import AddressHistory, has_shortened_ip_address
from clicktrail.server.ports import EventStore, JournalEntry, JournalReader, JudgedMessage, StoreObserver

WINDOW_CLICKS = 1_000
"""Number of latest clicks that are counted."""
MIN_CLICKS = 100
"""With fewer clicks, nothing is reported: of three clicks, one is a third."""
MIN_SHARE = 0.3
_PREFIX_LENGTHS = {4: 24, 6: 48}
"""Only the network is reported, by IP version: the address may be a person's after all."""

MESSAGE_CACHE_SIZE = 10_000
"""Messages in memory."""

_CACHED_CLICKS_PER_MESSAGE = 10
"""Address history kept in memory, per cached message. A click is far smaller than a message."""


class Processor:
    """Brings events from the journal into the event store, one batch per call.

    Args:
        on_unreadable: called for each entry that is not an event. The entry is skipped; it stays in the journal.
        cache_size: number of judged messages to keep in memory.

    Attributes:
        judged_message_count: messages judged since the start, once per batch that affects them.
        oldest_event_at: time of the oldest event that is read but not stored; None if all are stored.
    """

    def __init__(
        self,
        reader: JournalReader,
        event_store: EventStore,
        *,
        judge: Judge,
        on_unreadable: Callable[[JournalEntry, EventError], None],
        cache_size: int = MESSAGE_CACHE_SIZE,
    ) -> None:
        self._reader = reader
        self._event_store = event_store
        self._judge = judge
        self._on_unreadable = on_unreadable
        self._message_cache = MessageCache(cache_size)
        self._address_history = AddressHistory(event_store, cache_size=_CACHED_CLICKS_PER_MESSAGE * cache_size)
        self._erased_recipients: Container[str] = ()
        self._is_cache_invalid = False
        self._ip_addresses_shortened_before: datetime | None = None
        self._pending: _Batch | None = None
        self.observers: tuple[StoreObserver, ...] = ()
        self.dominant_address_detector = DominantAddressDetector()
        self.processed_count = 0
        self.unreadable_count = 0
        self.tampered_count = 0
        self.judged_message_count = 0
        self.oldest_event_at: datetime | None = None

    def skip_recipients(self, erased: Container[str]) -> None:
        """Skip these recipients' events from the next batch on, and clear the in-memory cache.

        Args:
            erased: all erased recipients, not only new ones.
        """
        self._erased_recipients = erased
        self.invalidate_cache()

    def invalidate_cache(self) -> None:
        """Clear the in-memory cache before the next batch, because stored data has changed."""
        self._is_cache_invalid = True

    async def shorten_ip_addresses(self, *, before: datetime) -> None:
        """Replace IP addresses before a time with their networks, in the event store and in memory.

        A batch that is being processed can store a full IP address until the next call.

        Raises:
            StorageError: some may be left unshortened; it is safe to repeat the call.
        """
        await self._event_store.shorten_ip_addresses(before=before)
        self._ip_addresses_shortened_before = before

    async def run_once(self, limit: int) -> int:
        """Process up to ``limit`` journal entries; return how many, 0 if there are none yet.

        Raises:
            StorageError: the batch is kept, and the next call processes it again.
        """
        self._evict_stale()
        batch = self._pending or await self._read_batch(limit)
        if batch.entry_count == 0:
            return 0
        self._pending = batch
        self._address_history.add(batch.clicks)
        events_by_message = await self._add_affected_messages(batch)
        snapshots = await self._load_snapshots(events_by_message)
        judged = await self._judge_messages(
            snapshots[message_id].timeline.with_events(events) for message_id, events in events_by_message.items()
        )
        await self._store(batch, _select_changes(judged, snapshots, batch))
        await self._reader.commit()
        self._message_cache.add(judged)
        self._address_history.evict_excess()
        self._pending = self.oldest_event_at = None
        self.processed_count += len(batch.lines) + len(batch.anonymous_clicks)
        self.judged_message_count += len(judged)
        return batch.entry_count

    async def _read_batch(self, limit: int) -> "_Batch":
        entries = await self._reader.read(limit)
        lines: list[bytes] = []
        anonymous_clicks: list[AnonymousClick] = []
        events_by_message: dict[str, list[AnyEvent]] = {}
        clicks: list[Click] = []
        for entry in entries:
            try:
                event = decode_event(entry.line)
            except EventError as error:
                self.unreadable_count += 1
                self._on_unreadable(entry, error)
                continue
            if event.recipient in self._erased_recipients:
                continue
            if isinstance(event, AnonymousClick):
                anonymous_clicks.append(event)
                continue
            lines.append(entry.line)
            self._update_counters(event)
            if isinstance(event, Click):
                clicks.append(event)
            # A click on a token that cannot be opened has no message: it is stored as an event, in no campaign.
            if event.message_id:
                events_by_message.setdefault(event.message_id, []).append(event)
        return _Batch(
            entry_count=len(entries),
            lines=tuple(lines),
            anonymous_clicks=tuple(anonymous_clicks),
            events_by_message=events_by_message,
            clicks=tuple(clicks),
        )

    def _update_counters(self, event: AnyEvent) -> None:
        # An ESP's events can be old, and its clicks do not pass our proxies.
        if event.source != "clicktrail":
            return
        self.oldest_event_at = min(self.oldest_event_at or event.at, event.at)
        if isinstance(event, Click):
            self.dominant_address_detector.add(event.ip)
            self.tampered_count += event.tampered

    async def _add_affected_messages(self, batch: "_Batch") -> dict[str, list[AnyEvent]]:
        """The batch's events by message id, with an empty list for messages whose verdicts its clicks can change."""
        affected_ids = await self._address_history.affected_message_ids(batch.clicks)
        return {message_id: [] for message_id in sorted(affected_ids)} | dict(batch.events_by_message)

    async def _load_snapshots(self, message_ids: Iterable[str]) -> "dict[str, MessageSnapshot]":
        snapshots = {
            message_id: MessageSnapshot.from_cache(message)
            for message_id, message in self._message_cache.get_many(message_ids).items()
        }
        if missing := [message_id for message_id in message_ids if message_id not in snapshots]:
            timelines = await self._event_store.timelines(missing)
            verdicts = await self._event_store.current_verdicts(timelines.values())
            snapshots |= {
                message_id: MessageSnapshot(timeline=timeline, previous_verdicts=verdicts)
                for message_id, timeline in timelines.items()
            }
        return snapshots

    async def _judge_messages(self, timelines: Iterable[Timeline]) -> list[JudgedMessage]:
        by_message = {timeline.message_id: timeline for timeline in timelines}
        nearby_clicks = await self._address_history.find_nearby_clicks(
            {message_id: timeline.clicks for message_id, timeline in by_message.items()}
        )
        return [
            JudgedMessage(timeline=timeline, clicks=self._judge(timeline, address_clicks=nearby_clicks[message_id]))
            for message_id, timeline in by_message.items()
        ]

    async def _store(self, batch: "_Batch", messages: list[JudgedMessage]) -> None:
        await self._event_store.store(batch.lines, messages, batch.anonymous_clicks)
        for observer in self.observers:
            observer.on_stored(messages)

    def _evict_stale(self) -> None:
        if self._is_cache_invalid:
            self._message_cache.clear()
            self._address_history.clear()
            self._is_cache_invalid = False
        if self._ip_addresses_shortened_before:
            self._message_cache.evict_before(before=self._ip_addresses_shortened_before)
            self._address_history.evict_before(before=self._ip_addresses_shortened_before)
            self._ip_addresses_shortened_before = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """Journal entries that are read and not yet stored.

    Attributes:
        lines: encoded events, without anonymous clicks: the order of lines would reveal when they were made.
        events_by_message: events by message id; events without a message are left out.
        clicks: all clicks, with or without a message.
    """

    entry_count: int
    lines: tuple[bytes, ...]
    anonymous_clicks: tuple[AnonymousClick, ...]
    events_by_message: Mapping[str, list[AnyEvent]]
    clicks: tuple[Click, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSnapshot:
    """A message as it was before a batch.

    Attributes:
        judged_clicks: its judged clicks by id; empty if the message was not cached.
        previous_verdicts: verdicts by click id; may contain clicks of other messages.
    """

    timeline: Timeline
    judged_clicks: Mapping[str, JudgedClick] = field(default_factory=dict)
    previous_verdicts: Mapping[str, Verdict]

    @classmethod
    def from_cache(cls, message: JudgedMessage) -> "MessageSnapshot":
        """Make a snapshot of a message that was judged recently."""
        judged_clicks = {judged.click.id: judged for judged in message.clicks}
        verdicts = {click_id: judged.verdict for click_id, judged in judged_clicks.items()}
        return cls(timeline=message.timeline, judged_clicks=judged_clicks, previous_verdicts=verdicts)

    def changed_verdicts(self, message: JudgedMessage, batch_click_ids: Container[str]) -> JudgedMessage:
        """Return the message with only the clicks whose verdicts must be stored, and their previous verdicts.

        A click whose IP address was shortened keeps its verdict, which was computed with the full address.
        """
        # A click is stored with its campaign, so a change of campaign changes every click.
        stored = self.judged_clicks if self.timeline.campaign == message.timeline.campaign else {}
        changed = [
            judged
            for judged in message.clicks
            if judged != stored.get(judged.click.id)
            and (judged.click.id in batch_click_ids or not has_shortened_ip_address(judged.click))
        ]
        previous = {judged.click.id: self.previous_verdicts.get(judged.click.id) for judged in changed}
        return JudgedMessage(
            timeline=message.timeline,
            clicks=tuple(changed),
            previous_verdicts={click_id: verdict for click_id, verdict in previous.items() if verdict},
        )


def _select_changes(
    judged: Iterable[JudgedMessage], snapshots: Mapping[str, MessageSnapshot], batch: _Batch
) -> list[JudgedMessage]:
    """The messages with events in the batch or with changed verdicts, each with only its new and changed clicks."""
    batch_click_ids = {click.id for click in batch.clicks}
    compared = [snapshots[message.timeline.message_id].changed_verdicts(message, batch_click_ids) for message in judged]
    return [message for message in compared if message.clicks or message.timeline.message_id in batch.events_by_message]


class MessageCache:
    """LRU cache of judged messages. A message's clicks come in bursts, and most messages are not clicked again."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._messages: OrderedDict[str, JudgedMessage] = OrderedDict()

    def clear(self) -> None:
        """Evict all messages."""
        self._messages.clear()

    def get_many(self, message_ids: Iterable[str]) -> dict[str, JudgedMessage]:
        """Return those of the messages that are cached, by id."""
        return {message_id: self._messages[message_id] for message_id in message_ids if message_id in self._messages}

    def add(self, messages: Iterable[JudgedMessage]) -> None:
        """Add or replace messages, and evict the least recently judged ones above the cache size."""
        for message in messages:
            self._messages[message.timeline.message_id] = message
            self._messages.move_to_end(message.timeline.message_id)
        while len(self._messages) > self._size:
            self._messages.popitem(last=False)

    def evict_before(self, *, before: datetime) -> None:
        """Evict the messages with a click before a time."""
        for message_id, message in tuple(self._messages.items()):
            if any(judged.click.at < before for judged in message.clicks):
                del self._messages[message_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class DominantAddress:
    """An IP address with too many clicks.

    Attributes:
        network: network of the address, such as ``203.0.113.0/24``.
        share: its share of the latest clicks, 0 to 1.
    """

    network: str
    share: float


class DominantAddressDetector:
    """Detects an IP address with too many clicks: usually the sender's own proxy, missing in trusted_proxies."""

    def __init__(self) -> None:
        self._recent_addresses: deque[str] = deque()
        self._clicks_by_address: dict[str, int] = {}

    def add(self, address: str) -> None:
        """Count a click. Clicks without an IP address are ignored."""
        if not address:
            return
        self._recent_addresses.append(address)
        self._clicks_by_address[address] = self._clicks_by_address.get(address, 0) + 1
        if len(self._recent_addresses) > WINDOW_CLICKS:
            oldest = self._recent_addresses.popleft()
            remaining = self._clicks_by_address.pop(oldest) - 1
            if remaining:
                self._clicks_by_address[oldest] = remaining

    def find_dominant_address(self) -> DominantAddress | None:
        """Return the IP address with more than 30 % of the latest clicks, if any and if there are enough clicks."""
        if len(self._recent_addresses) < MIN_CLICKS:
            return None
        address, clicks = max(self._clicks_by_address.items(), key=itemgetter(1))
        share = clicks / len(self._recent_addresses)
        return DominantAddress(network=_format_network(address), share=share) if share > MIN_SHARE else None


def _format_network(address: str) -> str:
    try:
        version = ip_network(address).version
        return str(ip_network(f"{address}/{_PREFIX_LENGTHS[version]}", strict=False))
    except ValueError:
        return ""
