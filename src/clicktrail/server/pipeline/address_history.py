"""Find what the same IP addresses did on other messages: recent clicks in memory, older ones in the event store.

The judge's signals ask how many recipients, mail domains or user agents an address has within `ACTIVITY_WINDOW` of a
click. A busy address can have thousands of clicks a minute, and comparing all of them with each other would take
millions of comparisons. So only the nearest clicks before and after are compared: on each side, the nearest
`MAX_NEIGHBOURS_PER_SIDE` different recipients, domains and user agents. No rule's threshold exceeds that number.
Clicks on tampered links are kept apart: of them, only the nearest on each side matters.

A visitor can request a link in a loop. So the work for a click has two more bounds: of each IP address, only the first
`MAX_CLICKS_PER_INTERVAL` clicks of each `INTERVAL` are compared, and of these, only the nearest `MAX_COMPARED_PER_SIDE`
on each side of a click.
"""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import chain, islice
from operator import attrgetter, itemgetter
from typing import Final, TypeVar

from clicktrail.judge.evidence import (
    ACTIVITY_WINDOW,
    INTERVAL,
    AddressClick,
    is_public_ip,
    sort_key,
    start_of_interval,
)
from clicktrail.model.event import Click
from clicktrail.server.ports import EventStore, InlineWorker, Worker

MAX_NEIGHBOURS_PER_SIDE: Final = 6
"""Greater than every count in the rules' thresholds (checked by a test)."""

MAX_COMPARED_PER_SIDE: Final = 100
"""Clicks on either side of a click that are compared with it, including those on the same message."""

MAX_CLICKS_PER_INTERVAL: Final = 1_000
"""Of one IP address, tampered tokens apart: the addresses of phone carriers and large companies have fewer clicks."""

CACHE_SIZE = 100_000
"""Clicks in memory: the last two minutes at 800 clicks a second."""

_INDEX_THRESHOLD: Final = 12
"""Up to this many clicks are compared one by one. Above it, the clicks of an address are indexed."""

_MIN_TIME = datetime.min.replace(tzinfo=UTC)

AddressWindow = tuple[str, datetime, datetime]
"""IP address, first and last instant of a time window."""

_Key = TypeVar("_Key", bound=Hashable)
_GetKey = Callable[[AddressClick], Hashable]

_get_time = attrgetter("at")
_get_first_instant: Callable[[AddressWindow], datetime] = itemgetter(1)
_get_recipient = attrgetter("recipient_key")
_get_domain = attrgetter("recipient_domain")
_get_user_agent = attrgetter("user_agent_hash")


class AddressHistory:
    """Recent clicks of every IP address, completed from the event store.

    Args:
        cache_size: number of recent clicks to keep in memory.
    """

    def __init__(self, event_store: EventStore, *, cache_size: int = CACHE_SIZE, worker: Worker | None = None) -> None:
        self._event_store = event_store
        self._worker = worker or InlineWorker()
        self._cache_size = cache_size
        self.clear()

    def clear(self) -> None:
        """Empty the cache."""
        self._arrival_order: deque[AddressClick] = deque()
        self._cached = ClicksByAddress()
        self._loaded = _LoadedClicks()
        self._evicted_until: datetime | None = None

    def add(self, clicks: Iterable[Click]) -> None:
        """Add the clicks of a batch to the cache. Adding a click again changes nothing."""
        self._loaded = _LoadedClicks()
        for click in clicks:
            if is_public_ip(click.ip):
                address_click = AddressClick.from_click(click)
                if self._cached.add(address_click):
                    self._arrival_order.append(address_click)

    async def affected_messages(self, clicks: Sequence[Click]) -> Mapping[str, datetime]:
        """Return the messages whose verdicts these clicks can change because the IP address is the same.

        Each with the time of its first click that is affected.
        """
        find_clicks = await self._load_clicks(clicks)
        return await self._worker.run(partial(_find_affected_messages, clicks, find_clicks))

    async def find_nearby_clicks(
        self, clicks_by_message: Mapping[str, Sequence[Click]]
    ) -> Mapping[str, set[AddressClick]]:
        """Return, by message id, the clicks on other messages that can change the verdicts on its clicks."""
        find_clicks = await self._load_clicks([*chain.from_iterable(clicks_by_message.values())])
        return await self._worker.run(
            lambda: {
                message_id: _find_nearby_clicks(message_id, clicks, find_clicks)
                for message_id, clicks in clicks_by_message.items()
            }
        )

    def evict_before(self, *, before: datetime) -> None:
        """Evict all clicks before a time. All clicks added so far must be stored."""
        for click in self._arrival_order:
            if click.at < before:
                self._evict(click)
        self._arrival_order = deque(click for click in self._arrival_order if click.at >= before)

    def evict_excess(self, *, unstored: int) -> None:
        """Evict the oldest clicks above the cache size.

        Args:
            unstored: number of the latest clicks that may not be stored yet. They are not evicted.
        """
        while len(self._arrival_order) > max(self._cache_size, unstored):
            self._evict(self._arrival_order.popleft())

    def _evict(self, click: AddressClick) -> None:
        if self._cached.remove(click):
            self._evicted_until = max(self._evicted_until or _MIN_TIME, click.at)

    async def _load_clicks(self, clicks: Sequence[Click]) -> "_FindClicks":
        """Load what the cache lacks near these clicks; return a function from IP address to its clicks."""
        if self._evicted_until is None:
            self._evicted_until = await self._event_store.last_click_at() or _MIN_TIME
        # Every later click is in the cache.
        incomplete_until = self._evicted_until + ACTIVITY_WINDOW
        windows = [*build_address_windows(click for click in clicks if click.at <= incomplete_until)]
        loaded = self._loaded
        if missing := [window for window in windows if not loaded.covers(window)]:
            stored_clicks = await self._event_store.address_clicks(missing)
            cached_clicks = chain.from_iterable(map(self._cached.get_clicks, {address for address, _, _ in missing}))
            await self._worker.run(partial(loaded.add, missing, chain(stored_clicks, cached_clicks)))
        return lambda address: loaded.clicks if address in loaded.windows else self._cached


class _LoadedClicks:
    """Clicks that were read from the event store for a batch, with those of their IP addresses in the cache.

    Attributes:
        windows: the time windows that were read, by IP address, in the order of their first instants.
    """

    def __init__(self) -> None:
        self.windows: dict[str, list[AddressWindow]] = {}
        self.clicks = ClicksByAddress()

    def covers(self, window: AddressWindow) -> bool:
        """Whether the window is in one that was read."""
        address, since, until = window
        windows = self.windows.get(address, [])
        position = bisect_right(windows, since, key=_get_first_instant)
        return position > 0 and windows[position - 1][2] >= until

    def add(self, windows: Iterable[AddressWindow], clicks: Iterable[AddressClick]) -> None:
        for window in windows:
            insort(self.windows.setdefault(window[0], []), window, key=_get_first_instant)
        for click in clicks:
            self.clicks.add(click)


class ClicksByAddress:
    """Clicks by IP address in chronological order.

    In each interval, of the clicks on one message by the same recipient and User-Agent only the first and the last are
    included: with them, every count within `ACTIVITY_WINDOW` is the same as with all. Clicks on tampered tokens are all
    included.
    """

    def __init__(self, clicks: Iterable[AddressClick] = ()) -> None:
        # Keys are (IP address, whether the token was tampered).
        self._clicks: dict[tuple[str, bool], list[AddressClick]] = {}
        self._indexes: dict[tuple[str, bool], _ClickIndex] = {}
        self._similar_clicks: dict[Hashable, list[AddressClick]] = {}
        for click in clicks:
            self.add(click)

    def add(self, click: AddressClick) -> bool:
        """Add a click; return False if it adds nothing, or if its interval is full of earlier clicks."""
        address = click.ip, click.tampered
        if address not in self._clicks:
            self._clicks[address] = [click]
            if not click.tampered:
                self._similar_clicks[_similarity_key(click)] = [click]
            return True
        clicks = self._clicks[address]
        position = _find_position(clicks, click)
        if clicks[position : position + 1] == [click]:
            return False
        similar = () if click.tampered else tuple(self._similar_clicks.get(_similarity_key(click), ()))
        if len(similar) > 1:
            if similar[0].at <= click.at <= similar[-1].at:
                return False
            self.remove(similar[0] if click.at < similar[0].at else similar[-1])
        clicks = self._clicks.setdefault(address, [])
        position = _find_position(clicks, click)
        first, end = _find_interval(clicks, click)
        if end - first >= MAX_CLICKS_PER_INTERVAL:
            if position >= end:
                return False
            self.remove(clicks[end - 1])
        clicks.insert(position, click)
        if not click.tampered:
            insort(self._similar_clicks.setdefault(_similarity_key(click), []), click, key=_get_time)
        if index := self._indexes.get(address):
            index.add(click)
        return True

    def remove(self, click: AddressClick) -> bool:
        """Remove a click; return False if it is not included."""
        address = click.ip, click.tampered
        clicks = self._clicks.get(address, [])
        position = _find_position(clicks, click)
        if clicks[position : position + 1] != [click]:
            return False
        del clicks[position]
        if not click.tampered:
            _remove_click(self._similar_clicks, _similarity_key(click), click)
        if not clicks:
            del self._clicks[address]
            self._indexes.pop(address, None)
        elif index := self._indexes.get(address):
            index.remove(click)
        return True

    def get_clicks(self, address: str) -> Iterator[AddressClick]:
        """Yield all clicks of an IP address."""
        for tampered in (False, True):
            yield from self._clicks.get((address, tampered), ())

    def has_at_most_one(self, address: str) -> bool:
        """Whether an IP address has at most one click."""
        return len(self._clicks.get((address, False), ())) + len(self._clicks.get((address, True), ())) <= 1

    def find_nearest(self, click: AddressClick) -> Iterator[AddressClick]:
        """Yield the clicks that give the same signals as all clicks within `ACTIVITY_WINDOW` of a click.

        Some of them may be for the same message.
        """
        untampered_key = click.ip, False
        untampered_clicks = self._clicks.get(untampered_key, [])
        first, end = _find_nearby_range(untampered_clicks, click)
        if end - first <= _INDEX_THRESHOLD:
            yield from (other for other in untampered_clicks[first:end] if other.message_id != click.message_id)
        else:
            yield from self._get_index(untampered_key).find_nearest(click, untampered_clicks)
        if tampered_clicks := self._clicks.get((click.ip, True)):
            same_user_agent_clicks = self._get_same_user_agent_clicks(click, tampered=True)
            for side in chain(
                _split_into_sides(tampered_clicks, click), _split_into_sides(same_user_agent_clicks, click)
            ):
                yield from islice(side, 1)

    def find_affected(self, click: AddressClick) -> Iterator[AddressClick]:
        """Yield the clicks whose verdicts a click can change. Duplicates and clicks on its own message may occur."""
        untampered_clicks = self._clicks.get((click.ip, False), [])
        if click.tampered:
            yield from self._find_affected_by_tampered(untampered_clicks, click)
            return
        # Signals compare the user agents of an address, and the recipients and domains of each user agent.
        for side in _split_into_sides(untampered_clicks, click):
            yield from _iterate_affected_clicks(side, click, (_get_user_agent,))
        for side in _split_into_sides(self._get_same_user_agent_clicks(click, tampered=False), click):
            yield from _iterate_affected_clicks(side, click, (_get_recipient, _get_domain))

    def _find_affected_by_tampered(
        self, clicks: Sequence[AddressClick], tampered_click: AddressClick
    ) -> Iterator[AddressClick]:
        """The clicks before and after, up to the next tampered click of the same user agent.

        Clicks beyond that one are nearer to it than to ``tampered_click``, so their verdicts do not change.
        """
        tampered_sides = _split_into_sides(
            self._get_same_user_agent_clicks(tampered_click, tampered=True), tampered_click
        )
        for side, tampered_side in zip(_split_into_sides(clicks, tampered_click), tampered_sides, strict=True):
            distances = (abs(other.at - tampered_click.at) for other in tampered_side if other != tampered_click)
            max_distance = next(distances, ACTIVITY_WINDOW)
            yield from (other for other in side if abs(other.at - tampered_click.at) <= max_distance)

    def _get_same_user_agent_clicks(self, click: AddressClick, *, tampered: bool) -> Sequence[AddressClick]:
        """Clicks of the same IP address and user agent, in chronological order."""
        clicks = self._clicks.get((click.ip, tampered), [])
        if len(clicks) > _INDEX_THRESHOLD:
            return self._get_index((click.ip, tampered)).same_user_agent_clicks(click)
        return [other for other in clicks if other.user_agent_hash == click.user_agent_hash]

    def _get_index(self, address: tuple[str, bool]) -> "_ClickIndex":
        if address not in self._indexes:
            self._indexes[address] = _ClickIndex(self._clicks[address])
        return self._indexes[address]


class _ClickIndex:
    """The clicks of one IP address by user agent, and by user agent and recipient domain."""

    def __init__(self, clicks: Iterable[AddressClick]) -> None:
        self._by_user_agent: dict[int, list[AddressClick]] = {}
        self._by_domain: dict[int, dict[str, list[AddressClick]]] = {}
        for click in clicks:
            self.add(click)

    def add(self, click: AddressClick) -> None:
        by_domain = self._by_domain.setdefault(click.user_agent_hash, {})
        insort(self._by_user_agent.setdefault(click.user_agent_hash, []), click, key=_get_time)
        insort(by_domain.setdefault(click.recipient_domain, []), click, key=_get_time)

    def remove(self, click: AddressClick) -> None:
        _remove_click(self._by_user_agent, click.user_agent_hash, click)
        _remove_click(self._by_domain[click.user_agent_hash], click.recipient_domain, click)
        if not self._by_domain[click.user_agent_hash]:
            del self._by_domain[click.user_agent_hash]

    def same_user_agent_clicks(self, click: AddressClick) -> Sequence[AddressClick]:
        return self._by_user_agent.get(click.user_agent_hash, ())

    def find_nearest(self, click: AddressClick, clicks: Sequence[AddressClick]) -> Iterator[AddressClick]:
        """Yield the nearest user agents, and the nearest recipients and domains of the click's own user agent."""
        same_user_agent_clicks = self.same_user_agent_clicks(click)
        for side in _split_into_sides(same_user_agent_clicks, click):
            yield from _take_distinct((other for other in side if other.message_id != click.message_id), _get_recipient)
        yield from _take_nearest_per_key(self._by_user_agent, clicks, click, _get_user_agent)
        by_domain = self._by_domain.get(click.user_agent_hash, {})
        yield from _take_nearest_per_key(by_domain, same_user_agent_clicks, click, _get_domain)


_FindClicks = Callable[[str], ClicksByAddress]


def has_shortened_ip_address(click: Click) -> bool:
    """Whether only the network of a click's IP address is left: ``192.0.2.0/24``."""
    return "/" in click.ip


def build_address_windows(clicks: Iterable[Click]) -> Iterator[AddressWindow]:
    """Yield time windows around clicks by IP address, from the start of an interval on.

    Windows of one address do not overlap, but two of them can begin and end in the same interval.
    """
    times_by_address: dict[str, list[datetime]] = {}
    for click in clicks:
        if is_public_ip(click.ip):
            times_by_address.setdefault(click.ip, []).append(click.at)
    for address, times in times_by_address.items():
        first = last = min(times)
        for at in sorted(times):
            if at - last > 2 * ACTIVITY_WINDOW:
                yield address, start_of_interval(first - ACTIVITY_WINDOW), last + ACTIVITY_WINDOW
                first = at
            last = at
        yield address, start_of_interval(first - ACTIVITY_WINDOW), last + ACTIVITY_WINDOW


def _find_affected_messages(clicks: Iterable[Click], find_clicks: _FindClicks) -> dict[str, datetime]:
    affected: dict[str, datetime] = {}
    for click in _select_clicks_with_neighbours(clicks, find_clicks):
        for other in find_clicks(click.ip).find_affected(click):
            affected[other.message_id] = min(other.at, affected.get(other.message_id, other.at))
    affected.pop("", None)
    return affected


def _find_nearby_clicks(message_id: str, clicks: Iterable[Click], find_clicks: _FindClicks) -> set[AddressClick]:
    return {
        nearby
        for click in _select_clicks_with_neighbours(clicks, find_clicks)
        for nearby in find_clicks(click.ip).find_nearest(click)
        if nearby.message_id != message_id
    }


def _select_clicks_with_neighbours(clicks: Iterable[Click], find_clicks: _FindClicks) -> Iterator[AddressClick]:
    """Yield the clicks whose IP address has other clicks."""
    for click in clicks:
        if is_public_ip(click.ip) and not find_clicks(click.ip).has_at_most_one(click.ip):
            yield AddressClick.from_click(click)


def _split_into_sides(clicks: Sequence[AddressClick], click: AddressClick) -> Iterator[Iterator[AddressClick]]:
    """Yield two iterators, nearest clicks first: over earlier clicks, and over clicks at the same time or later.

    Each yields at most `MAX_COMPARED_PER_SIDE` clicks.
    """
    first, end = _find_nearby_range(clicks, click)
    middle = bisect_left(clicks, click.at, lo=first, hi=end, key=_get_time)
    yield (clicks[index] for index in range(middle - 1, max(first, middle - MAX_COMPARED_PER_SIDE) - 1, -1))
    yield (clicks[index] for index in range(middle, min(end, middle + MAX_COMPARED_PER_SIDE)))


def _similarity_key(click: AddressClick) -> Hashable:
    return click.ip, start_of_interval(click.at), click.message_id, click.recipient, click.user_agent_hash


def _find_position(clicks: Sequence[AddressClick], click: AddressClick) -> int:
    return bisect_left(clicks, sort_key(click), key=sort_key)


def _find_interval(clicks: Sequence[AddressClick], click: AddressClick) -> tuple[int, int]:
    """Index range of the clicks in the same `INTERVAL` as a click; the end is exclusive."""
    start = start_of_interval(click.at)
    first = bisect_left(clicks, start, key=_get_time)
    return first, bisect_left(clicks, start + INTERVAL, lo=first, key=_get_time)


def _find_nearby_range(clicks: Sequence[AddressClick], click: AddressClick) -> tuple[int, int]:
    """Index range of the clicks within `ACTIVITY_WINDOW` of a click; the end is exclusive."""
    first = bisect_left(clicks, click.at - ACTIVITY_WINDOW, key=_get_time)
    return first, bisect_right(clicks, click.at + ACTIVITY_WINDOW, lo=first, key=_get_time)


def _take_nearest_per_key(
    clicks_by_key: Mapping[_Key, Sequence[AddressClick]],
    clicks: Sequence[AddressClick],
    click: AddressClick,
    get_key: _GetKey,
) -> Iterator[AddressClick]:
    """Yield the nearest click of each key on either side; with many keys, only those of the nearest keys.

    ``clicks_by_key`` holds the same clicks as ``clicks``, grouped by key.
    """
    if len(clicks_by_key) <= _INDEX_THRESHOLD:
        for clicks_of_key in clicks_by_key.values():
            for side in _split_into_sides(clicks_of_key, click):
                yield from islice(side, 1)
        return
    for side in _split_into_sides(clicks, click):
        yield from _take_distinct(side, get_key)


def _take_distinct(neighbours: Iterable[AddressClick], get_key: _GetKey) -> Iterator[AddressClick]:
    """Yield the first click of each key, up to `MAX_NEIGHBOURS_PER_SIDE` keys."""
    seen: set[Hashable] = set()
    for click in neighbours:
        if get_key(click) not in seen:
            yield click
            seen.add(get_key(click))
            if len(seen) >= MAX_NEIGHBOURS_PER_SIDE:
                return


def _iterate_affected_clicks(
    neighbours: Iterable[AddressClick], click: AddressClick, key_functions: Sequence[_GetKey]
) -> Iterator[AddressClick]:
    """Yield clicks on other messages from the nearest on, until none further out can have ``click`` as a neighbour.

    The inverse of `_take_distinct`: a click is out of reach once, for every key, the clicks in between have the same
    key or more than `MAX_NEIGHBOURS_PER_SIDE` different keys.
    """
    seen: list[set[Hashable]] = [set() for _ in key_functions]
    for other in neighbours:
        if other == click:
            continue
        if other.message_id != click.message_id:
            yield other
        for get_key, keys in zip(key_functions, seen, strict=True):
            keys.add(get_key(other))
        if all(
            get_key(click) in keys or len(keys) > MAX_NEIGHBOURS_PER_SIDE
            for get_key, keys in zip(key_functions, seen, strict=True)
        ):
            return


def _remove_click(clicks_by_key: dict[_Key, list[AddressClick]], key: _Key, click: AddressClick) -> None:
    clicks = clicks_by_key[key]
    del clicks[clicks.index(click, bisect_left(clicks, click.at, key=_get_time))]
    if not clicks:
        del clicks_by_key[key]
