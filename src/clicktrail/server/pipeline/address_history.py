"""What the same addresses did on other messages: of late from memory, and before that from analytics."""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from operator import attrgetter
from typing import Final, TypeVar

from clicktrail.judge.address_activity import ACTIVITY_WINDOW, AddressClick, is_visitor_address, sort_key
from clicktrail.model.event import Click
from clicktrail.server.ports import EventStore

__all__ = ["MAX_NEIGHBOURS_PER_SIDE", "AddressHistory", "AddressWindow", "ClicksByAddress", "build_address_windows"]

# FOLDED visits.py: Visits by address, in the order of time, and which of them can make a difference to each
# other.
#
# Thousands may visit from one address in a minute, and each of them looked at for the sake of each other one
# would be
# millions. The judge's signals ask whether there are so many people, or organisations, or agents, about a
# click: so of
# each side of it the nearest few tell as much as all of them.

MAX_NEIGHBOURS_PER_SIDE: Final = 6
"""Other people, and their organisations and agents, on either side of a click. No rule asks for as many."""

_INDEX_THRESHOLD: Final = 12
"""Visits about a time that are given all, and kinds of them that are looked up one by one: where there are more, the
next visits are of enough. Of an address that has made more, visits are kept by kind as well."""

AddressWindow = tuple[str, datetime, datetime]
"""An address, and the first and the last instant at which it is looked at."""


_Key = TypeVar("_Key", bound=Hashable)


class ClicksByAddress:
    """Any number of visits, each once."""

    def __init__(self, clicks: Iterable[AddressClick] = ()) -> None:
        self._clicks: dict[tuple[str, bool], list[AddressClick]] = {}
        self._indexes: dict[tuple[str, bool], _ClickIndex] = {}
        for visit in clicks:
            self.add(visit)

    def add(self, click: AddressClick) -> bool:
        """Add a visit; False if it is here already."""
        address = click.ip, click.tampered
        visits = self._clicks.setdefault(address, [])
        place = bisect_left(visits, sort_key(click), key=sort_key)
        if visits[place : place + 1] == [click]:
            return False
        visits.insert(place, click)
        if crowd := self._indexes.get(address):
            crowd.add(click)
        return True

    def remove(self, click: AddressClick) -> None:
        """Take out a visit that is here."""
        address = click.ip, click.tampered
        _remove_click(self._clicks, address, click)
        if address not in self._clicks:
            self._indexes.pop(address, None)
        elif crowd := self._indexes.get(address):
            crowd.remove(click)

    def get_clicks(self, address: str) -> Iterator[AddressClick]:
        """All the visits of an address."""
        for tampered in (False, True):
            yield from self._clicks.get((address, tampered), ())

    def has_at_most_one(self, address: str) -> bool:
        """Whether an address has made no more than one visit."""
        return len(self._clicks.get((address, False), ())) + len(self._clicks.get((address, True), ())) <= 1

    def find_nearest(self, click: AddressClick) -> Iterator[AddressClick]:
        """Those visits that tell as much about one as all within `ACTIVITY_WINDOW` of it; some are for the same message."""
        visits = self._clicks.get((click.ip, False), [])
        around = slice(*_find_nearby_range(visits, click))
        if around.stop - around.start <= _INDEX_THRESHOLD:
            yield from (visit for visit in visits[around] if visit.message_id != click.message_id)
        else:
            yield from self._get_index((click.ip, False)).find_nearest(click, visits)
        if hidden := self._clicks.get((click.ip, True)):
            for side in chain(
                _iterate_outward(hidden, click), _iterate_outward(self._same_agent_clicks(click, tampered=True), click)
            ):
                yield from islice(side, 1)

    def affected_message_ids(self, click: AddressClick) -> Iterator[str]:
        """The messages to whose clicks a visit can make a difference."""
        visits = self._clicks.get((click.ip, False), [])
        if click.tampered:
            yield from self._affected_by_tampered(visits, click)
            return
        for side in _iterate_outward(visits, click):
            yield from _iterate_affected_messages(side, click, (attrgetter("user_agent_hash"),))
        for side in _iterate_outward(self._same_agent_clicks(click, tampered=False), click):
            yield from _iterate_affected_messages(
                side, click, (attrgetter("recipient_key"), attrgetter("recipient_domain"))
            )

    def _affected_by_tampered(self, visits: Sequence[AddressClick], by: AddressClick) -> Iterator[str]:
        """The messages of visits to which another damaged link of the same agent is not nearer than this one."""
        others = _iterate_outward(self._same_agent_clicks(by, tampered=True), by)
        for side, hidden in zip(_iterate_outward(visits, by), others, strict=True):
            limit = next((abs(visit.at - by.at) for visit in hidden if visit != by), ACTIVITY_WINDOW)
            yield from (visit.message_id for visit in side if abs(visit.at - by.at) <= limit)

    def _same_agent_clicks(self, to: AddressClick, *, tampered: bool) -> Sequence[AddressClick]:
        """Those of the same address and agent, in the order of time."""
        visits = self._clicks.get((to.ip, tampered), [])
        if len(visits) > _INDEX_THRESHOLD:
            return self._get_index((to.ip, tampered)).same_agent_clicks(to)
        return [visit for visit in visits if visit.user_agent_hash == to.user_agent_hash]

    def _get_index(self, address: tuple[str, bool]) -> "_ClickIndex":
        """An address's visits by kind, kept from the first time on that somebody asks."""
        if address not in self._indexes:
            self._indexes[address] = _ClickIndex(self._clicks[address])
        return self._indexes[address]


class _ClickIndex:
    """The visits of an address by agent, and those of an agent by organisation."""

    def __init__(self, visits: Iterable[AddressClick]) -> None:
        self._by_agent: dict[int, list[AddressClick]] = {}
        self._by_organisation: dict[int, dict[str, list[AddressClick]]] = {}
        for visit in visits:
            self.add(visit)

    def add(self, click: AddressClick) -> None:
        """Add a visit that is not here."""
        insort(self._by_agent.setdefault(click.user_agent_hash, []), click, key=_click_time)
        insort(
            self._by_organisation.setdefault(click.user_agent_hash, {}).setdefault(click.recipient_domain, []),
            click,
            key=_click_time,
        )

    def remove(self, click: AddressClick) -> None:
        """Take out a visit that is here."""
        _remove_click(self._by_agent, click.user_agent_hash, click)
        _remove_click(self._by_organisation[click.user_agent_hash], click.recipient_domain, click)
        if not self._by_organisation[click.user_agent_hash]:
            del self._by_organisation[click.user_agent_hash]

    def same_agent_clicks(self, click: AddressClick) -> Sequence[AddressClick]:
        """Those of the same agent, in the order of time."""
        return self._by_agent.get(click.user_agent_hash, ())

    def find_nearest(self, click: AddressClick, clicks: Sequence[AddressClick]) -> Iterator[AddressClick]:
        """The nearest agents, and of its own agent the nearest people and organisations."""
        for side in _iterate_outward(self.same_agent_clicks(click), click):
            yield from _take_distinct(
                (visit for visit in side if visit.message_id != click.message_id), attrgetter("recipient_key")
            )
        yield from _nearest_of_each(self._by_agent, clicks, click, attrgetter("user_agent_hash"))
        organisations = self._by_organisation.get(click.user_agent_hash, {})
        yield from _nearest_of_each(organisations, self.same_agent_clicks(click), click, attrgetter("recipient_domain"))


def build_address_windows(clicks: Iterable[Click]) -> Iterator[AddressWindow]:
    """When which addresses are looked at for the sake of these clicks: windows of one address do not overlap."""
    by_address: dict[str, list[datetime]] = {}
    for click in clicks:
        if is_visitor_address(click.ip):
            by_address.setdefault(click.ip, []).append(click.at)
    for address, times in by_address.items():
        first = last = min(times)
        for at in sorted(times):
            if at - last > 2 * ACTIVITY_WINDOW:
                yield address, first - ACTIVITY_WINDOW, last + ACTIVITY_WINDOW
                first = at
            last = at
        yield address, first - ACTIVITY_WINDOW, last + ACTIVITY_WINDOW


def _iterate_outward(clicks: Sequence[AddressClick], click: AddressClick) -> Iterator[Iterator[AddressClick]]:
    """What was before a visit, and what was with it and after it, each from the nearest on."""
    first, last = _find_nearby_range(clicks, click)
    middle = bisect_left(clicks, click.at, lo=first, hi=last, key=_click_time)
    yield (clicks[place] for place in range(middle - 1, first - 1, -1))
    yield (clicks[place] for place in range(middle, last))


def _find_nearby_range(clicks: Sequence[AddressClick], click: AddressClick) -> tuple[int, int]:
    """Where those within `ACTIVITY_WINDOW` of a visit begin and end."""
    first = bisect_left(clicks, click.at - ACTIVITY_WINDOW, key=_click_time)
    return first, bisect_right(clicks, click.at + ACTIVITY_WINDOW, lo=first, key=_click_time)


def _nearest_of_each(
    clicks_by_key: Mapping[_Key, Sequence[AddressClick]],
    clicks: Sequence[AddressClick],
    click: AddressClick,
    key: Callable[[AddressClick], Hashable],
) -> Iterator[AddressClick]:
    """On each side the nearest visit of each kind, or of enough kinds where there are many."""
    if len(clicks_by_key) <= _INDEX_THRESHOLD:
        for of_a_kind in clicks_by_key.values():
            for side in _iterate_outward(of_a_kind, click):
                yield from islice(side, 1)
        return
    for side in _iterate_outward(clicks, click):
        yield from _take_distinct(side, key)


def _take_distinct(outward: Iterable[AddressClick], key: Callable[[AddressClick], Hashable]) -> Iterator[AddressClick]:
    """Of visits from the nearest on: the first of each kind, until there are enough kinds."""
    seen: set[Hashable] = set()
    for visit in outward:
        if key(visit) not in seen:
            yield visit
            seen.add(key(visit))
            if len(seen) >= MAX_NEIGHBOURS_PER_SIDE:
                return


def _iterate_affected_messages(
    outward: Iterable[AddressClick], click: AddressClick, keys: Sequence[Callable[[AddressClick], Hashable]]
) -> Iterator[str]:
    """The other way round: messages of visits from the nearest on, until so much is between that no more is told."""
    seen: list[set[Hashable]] = [set() for _ in keys]
    for visit in outward:
        if visit == click:
            continue
        if visit.message_id != click.message_id:
            yield visit.message_id
        for kind, known in zip(keys, seen, strict=True):
            known.add(kind(visit))
        if all(
            kind(click) in known or len(known) > MAX_NEIGHBOURS_PER_SIDE for kind, known in zip(keys, seen, strict=True)
        ):
            return


def _remove_click(lists: dict[_Key, list[AddressClick]], key: _Key, visit: AddressClick) -> None:
    visits = lists[key]
    del visits[visits.index(visit, bisect_left(visits, visit.at, key=_click_time))]
    if not visits:
        del lists[key]


def _click_time(visit: AddressClick) -> datetime:
    return visit.at


CACHE_SIZE = 100_000
"""Visits kept at hand: those of the last two minutes, at 800 clicks a second."""

_MIN_TIME = datetime.min.replace(tzinfo=UTC)

_ClickLookup = Callable[[str], ClicksByAddress]
"""By address, where its visits are."""


class AddressHistory:
    """Knows the visits of every address.

    Args:
        event_store: where clicks are stored.
        cache_size: how many of the latest to keep at hand.
    """

    def __init__(self, event_store: EventStore, *, cache_size: int = CACHE_SIZE) -> None:
        self._event_store = event_store
        self._cache_size = cache_size
        self.clear()

    def clear(self) -> None:
        """Have nothing at hand."""
        self._arrival_order: deque[AddressClick] = deque()
        self._recent = ClicksByAddress()
        self._evicted_until: datetime | None = None

    def add(self, clicks: Iterable[Click]) -> None:
        """Take note of clicks. One that is known leaves no trace."""
        for visit in (AddressClick.from_click(click) for click in clicks if is_visitor_address(click.ip)):
            if self._recent.add(visit):
                self._arrival_order.append(visit)

    async def affected_message_ids(self, clicks: Sequence[Click]) -> set[str]:
        """The messages to which these clicks can make a difference, by clicks of the same addresses."""
        known = await self._load_clicks(clicks)
        return {
            message_id
            for visit in _clicks_with_neighbours(clicks, known)
            for message_id in known(visit.ip).affected_message_ids(visit)
        } - {""}

    async def find_nearby_clicks(self, clicks: Mapping[str, Sequence[Click]]) -> Mapping[str, set[AddressClick]]:
        """By message: the visits on other messages that can make a difference to its clicks, which are known by now."""
        known = await self._load_clicks(click for told in clicks.values() for click in told)
        return {
            message_id: {
                other
                for visit in _clicks_with_neighbours(told, known)
                for other in known(visit.ip).find_nearest(visit)
                if other.message_id != message_id
            }
            for message_id, told in clicks.items()
        }

    def evict_before(self, *, before: datetime) -> None:
        """Have nothing at hand of before a time: to be called when all of it is stored."""
        for visit in self._arrival_order:
            if visit.at < before:
                self._evict(visit)
        self._arrival_order = deque(visit for visit in self._arrival_order if visit.at >= before)

    def evict_excess(self) -> None:
        """Let go what is too much to keep at hand: to be called when all of it is stored."""
        while len(self._arrival_order) > self._cache_size:
            self._evict(self._arrival_order.popleft())

    def _evict(self, visit: AddressClick) -> None:
        self._recent.remove(visit)
        self._evicted_until = max(self._evicted_until or _MIN_TIME, visit.at)

    async def _load_clicks(self, clicks: Iterable[Click]) -> _ClickLookup:
        """Where to look for the visits of an address about the time of its clicks."""
        if self._evicted_until is None:
            self._evicted_until = await self._event_store.last_click_at() or _MIN_TIME
        # What was visited since then and is not at hand, nobody has told of.
        since = self._evicted_until + ACTIVITY_WINDOW
        old = [*build_address_windows(click for click in clicks if click.at <= since)]
        if not old:
            return lambda _address: self._recent
        both = ClicksByAddress(await self._event_store.address_clicks(old))
        addresses = {address for address, _, _ in old}
        for address in addresses:
            for visit in self._recent.get_clicks(address):
                both.add(visit)
        return lambda address: both if address in addresses else self._recent


def _clicks_with_neighbours(clicks: Iterable[Click], find_clicks: _ClickLookup) -> Iterator[AddressClick]:
    """The visits by addresses that have made others."""
    for click in clicks:
        if is_visitor_address(click.ip) and not find_clicks(click.ip).has_at_most_one(click.ip):
            yield AddressClick.from_click(click)
