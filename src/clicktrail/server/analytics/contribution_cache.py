"""What is stored of the people and messages that a store changes: from memory, else from the tables.

Most people and messages of a batch are new or were in a batch shortly before. A Bloom filter for each campaign says
which are new. It is complete for a campaign that began while the store was open; for an earlier one it is loaded in the
background once the campaign is busy, and until then all are looked up.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Final, TypeVar

import msgspec

from clicktrail.model.verdict import Verdict
from clicktrail.report.contributions import (
    MAX_CLICKS_KEPT,
    ClickContribution,
    LinkKey,
    MessageContribution,
    PersonClicks,
)
from clicktrail.server.analytics.connection import ChdbPool
from clicktrail.server.analytics.rows import ClickRow, MessageRow
from clicktrail.server.analytics.seen_keys import SeenKeys, anonymous_click_key, message_key

_MAX_PEOPLE: Final = 30_000
_MAX_MESSAGES: Final = 30_000
_MAX_FILTERS: Final = 1_000
_MAX_FILTER_BYTES: Final = 48 << 20
_LOOKUPS_BEFORE_FILTER: Final = 2_000
"""Looking up so many people takes about as long as loading the filter of a campaign with a million of them."""

PersonKey = tuple[str, str]
"""(campaign, person)"""
ClickKey = tuple[PersonKey, int, str]
"""(person, hour, click id)"""
_MessageKey = tuple[str, str]
_Key = TypeVar("_Key", PersonKey, _MessageKey)


class _ClickRow(msgspec.Struct):
    campaign: str
    person: str
    id: str
    link: int
    url: str
    link_group: str
    verdict: str
    counted: bool
    signals: tuple[str, ...]
    source: str
    has_ip: bool
    has_user_agent: bool

    def to_contribution(self) -> ClickContribution:
        return ClickContribution(
            link=self.link,
            url=self.url,
            group=self.link_group,
            verdict=self.verdict,
            counted=self.counted,
            signals=self.signals,
            source=self.source,
            has_ip=self.has_ip,
            has_user_agent=self.has_user_agent,
        )


class _LinkCountsRow(msgspec.Struct):
    campaign: str
    person: str
    link_group: str
    position: int
    url: str
    raw: int
    human: int
    engaged: int


class _StoredClickRow(msgspec.Struct):
    campaign: str
    id: str


class _CurrentVerdictRow(msgspec.Struct):
    id: str
    verdict: Verdict


class _MessageRow(msgspec.Struct):
    campaign: str
    message_id: str
    sent_at: datetime | None
    recipients: int
    delivered: bool
    bounced: bool
    opened: bool
    has_engagement: bool


class ContributionCache:
    """Contributions of stored clicks and messages.

    Attributes:
        people: clicks of people, complete for those of the last `load`.
        messages: contributions of messages, None for a message that is not stored; complete for the last `load`.
        stored_anonymous_clicks: (campaign, click id) of those anonymous clicks of the last `load` that are stored.
    """

    def __init__(self, connections: ChdbPool, campaigns: Iterable[str]) -> None:
        self._connections = connections
        self._lookups_left = dict.fromkeys(campaigns, _LOOKUPS_BEFORE_FILTER)  # of campaigns without a filter
        self._filters: dict[str, SeenKeys] = {}
        # Campaigns whose filter is to be loaded, with the keys that were added meanwhile.
        self._requested: dict[str, list[str]] = {}
        self.clear()

    def clear(self) -> None:
        """Forget all contributions, because the tables have changed in another way. Filters stay right."""
        self.people: dict[PersonKey, PersonClicks] = {}
        self.messages: dict[_MessageKey, MessageContribution | None] = {}
        self.stored_anonymous_clicks: set[tuple[str, str]] = set()

    async def load(self, click_rows: Sequence[ClickRow], message_rows: Sequence[MessageRow]) -> None:
        """Load what is stored of the people, messages and anonymous clicks of rows.

        Raises:
            StorageError: they cannot be read.
        """
        for campaign, lookups_left in self._lookups_left.items():
            if lookups_left <= 0:
                self._requested.setdefault(campaign, [])
        await self._load_people(click_rows)
        await self._load_messages(dict.fromkeys((row.campaign, row.message_id) for row in message_rows))
        await self._find_anonymous_clicks([row for row in click_rows if not row.person])

    async def fetch_verdicts(self, keys: Sequence[ClickKey]) -> dict[str, Verdict]:
        """The stored verdicts on clicks, by click id. May run beside the other methods.

        What is read of their people is kept for the store that follows.

        Raises:
            StorageError: they cannot be read.
        """
        cached = self.people
        people = await self._read_people(
            [*dict.fromkeys(person for person, _, _ in keys if person[1] and person not in cached)]
        )
        if cached is self.people:  # else it may have been replaced and evicted meanwhile
            for person, clicks in people.items():
                if 0 < len(clicks.clicks) <= MAX_CLICKS_KEPT:
                    cached.setdefault(person, clicks)
        verdicts: dict[str, Verdict] = {}
        others: list[ClickKey] = []
        for key in keys:
            person, _, click_id = key
            known = people.get(person) or cached.get(person)
            if known and (click := known.clicks.get(click_id)):
                verdicts[click_id] = Verdict(click.verdict)
            else:
                others.append(key)
        return verdicts | await self._read_verdicts(others)

    def evict_excess(self) -> None:
        """Forget the people and messages that were not used for the longest time."""
        if (excess := len(self.people) - _MAX_PEOPLE) > 0:
            self.people = dict(islice(self.people.items(), excess, None))
        for key in list(islice(self.messages, max(0, len(self.messages) - _MAX_MESSAGES))):
            del self.messages[key]
        size = sum(seen.size for seen in self._filters.values())
        while len(self._filters) > _MAX_FILTERS or (size > _MAX_FILTER_BYTES and len(self._filters) > 1):
            campaign = next(iter(self._filters))
            size -= self._filters.pop(campaign).size
            self._lookups_left[campaign] = _LOOKUPS_BEFORE_FILTER

    async def load_next_filter(self) -> None:
        """Load the filter of a busy campaign, if one is missing. Stores can go on meanwhile.

        Raises:
            StorageError: the tables cannot be read; the next call tries again.
        """
        campaign = next(iter(self._requested), None)
        if campaign is None:
            return
        seen = await SeenKeys.load(self._connections, campaign)
        for key in self._requested.pop(campaign):
            seen.add(key)
        self._lookups_left.pop(campaign, None)
        self._filters[campaign] = seen

    async def _load_people(self, click_rows: Sequence[ClickRow]) -> None:
        keys = dict.fromkeys((row.campaign, row.person) for row in click_rows if row.person)
        missing = _move_to_end(self.people, keys)
        unknown = self._select_maybe_stored({key: key[1] for key in missing})
        self.people |= {key: PersonClicks({}) for key in missing}
        if unknown:
            await self._fetch_people(unknown)
        if many := {key for key in keys if self.people[key].link_counts is not None}:
            await self._fetch_single_clicks(row for row in click_rows if (row.campaign, row.person) in many)

    async def _fetch_people(self, keys: Sequence[PersonKey]) -> None:
        self.people |= await self._read_people(keys)
        many = [key for key in keys if len(self.people[key].clicks) > MAX_CLICKS_KEPT]
        if not many:
            return
        counts: dict[PersonKey, dict[LinkKey, list[int]]] = {key: {} for key in many}
        parameters = {"campaigns": [campaign for campaign, _ in many], "people": [person for _, person in many]}
        for link in await self._connections.fetch_rows("people_link_counts", _LinkCountsRow, parameters):
            counts_by_link = counts[link.campaign, link.person]
            counts_by_link[link.link_group, link.position, link.url] = [link.raw, link.human, link.engaged]
        self.people |= {key: PersonClicks({}, counts_by_link) for key, counts_by_link in counts.items()}

    async def _fetch_single_clicks(self, click_rows: Iterable[ClickRow]) -> None:
        for row in await self._read_clicks([((row.campaign, row.person), row.hour, row.id) for row in click_rows]):
            self.people[row.campaign, row.person].clicks[row.id] = row.to_contribution()

    async def _read_people(self, keys: Sequence[PersonKey]) -> dict[PersonKey, PersonClicks]:
        """The stored clicks of people; of those with more than are kept, only some."""
        people = {key: PersonClicks({}) for key in keys}
        if keys:
            parameters = {"campaigns": [campaign for campaign, _ in keys], "people": [person for _, person in keys]}
            for row in await self._connections.fetch_rows(
                "people_clicks", _ClickRow, {**parameters, "limit": str(MAX_CLICKS_KEPT + 1)}
            ):
                people[row.campaign, row.person].clicks[row.id] = row.to_contribution()
        return people

    async def _read_clicks(self, keys: Sequence[ClickKey]) -> list[_ClickRow]:
        parameters = {
            "campaigns": [campaign for (campaign, _), _, _ in keys],
            "people": [person for (_, person), _, _ in keys],
            "hours": [str(hour) for _, hour, _ in keys],
            "ids": [click_id for _, _, click_id in keys],
        }
        return await self._connections.fetch_rows("people_clicks_by_key", _ClickRow, parameters)

    async def _read_verdicts(self, keys: Sequence[ClickKey]) -> dict[str, Verdict]:
        verdicts: dict[str, Verdict] = {}
        if of_people := [key for key in keys if key[0][1]]:
            verdicts |= {row.id: Verdict(row.verdict) for row in await self._read_clicks(of_people)}
        if nameless := [key for key in keys if not key[0][1]]:
            parameters = {
                "campaigns": [campaign for (campaign, _), _, _ in nameless],
                "hours": [str(hour) for _, hour, _ in nameless],
                "ids": [click_id for _, _, click_id in nameless],
            }
            rows = await self._connections.fetch_rows("current_verdicts", _CurrentVerdictRow, parameters)
            verdicts |= {row.id: row.verdict for row in rows}
        return verdicts

    async def _load_messages(self, keys: Mapping[_MessageKey, None]) -> None:
        missing = _move_to_end(self.messages, keys)
        unknown = self._select_maybe_stored({key: message_key(key[1]) for key in missing})
        self.messages |= dict.fromkeys(missing)
        if not unknown:
            return
        parameters = {
            "campaigns": [campaign for campaign, _ in unknown],
            "message_ids": [message_id for _, message_id in unknown],
        }
        for row in await self._connections.fetch_rows("stored_messages", _MessageRow, parameters):
            self.messages[row.campaign, row.message_id] = MessageContribution(
                sent_at=row.sent_at,
                accepted=row.recipients,
                bounced=row.bounced,
                delivered=row.delivered,
                opened=row.opened,
                has_engagement=row.has_engagement,
            )

    async def _find_anonymous_clicks(self, click_rows: Iterable[ClickRow]) -> None:
        self.stored_anonymous_clicks = set()
        rows = {(row.campaign, row.id): row for row in click_rows}
        unknown = self._select_maybe_stored({key: anonymous_click_key(key[1]) for key in rows})
        if unknown:
            parameters = {
                "campaigns": [campaign for campaign, _ in unknown],
                "hours": [str(rows[key].hour) for key in unknown],
                "ids": [click_id for _, click_id in unknown],
            }
            for row in await self._connections.fetch_rows("stored_click_ids", _StoredClickRow, parameters):
                self.stored_anonymous_clicks.add((row.campaign, row.id))

    def _select_maybe_stored(self, keys: Mapping[_Key, str]) -> list[_Key]:
        """Those of the keys that may be stored. All of them may be stored from now on."""
        maybe_stored: list[_Key] = []
        for key, text in keys.items():
            campaign = key[0]
            if (requested := self._requested.get(campaign)) is not None:
                requested.append(text)
            if (lookups_left := self._lookups_left.get(campaign)) is None:
                if (seen := self._filters.get(campaign)) is None:
                    seen = self._filters[campaign] = SeenKeys()  # a new campaign
                if seen.add(text):
                    maybe_stored.append(key)
                continue
            maybe_stored.append(key)
            self._lookups_left[campaign] = lookups_left - 1
        return maybe_stored


_Value = TypeVar("_Value")


def _move_to_end(cached: dict[_Key, _Value], keys: Collection[_Key]) -> list[_Key]:
    """Move cached keys to the end, so that they are evicted last, and return those that are not cached."""
    missing = []
    for key in keys:
        if key in cached:
            cached[key] = cached.pop(key)
        else:
            missing.append(key)
    return missing
