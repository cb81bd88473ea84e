"""A registry in memory that can be made unavailable."""

from datetime import datetime

from clicktrail.errors import StorageError
from clicktrail.model.link_set import LinkSet, ShortLinkMessage
from clicktrail.server.pipeline.link_lookup import CACHE_SIZE, LinkResolver


class MemoryRegistry:
    """Link sets and short messages in memory.

    Attributes:
        is_available: whether the next call succeeds.
        lookup_count: number of lookups.
    """

    def __init__(self) -> None:
        self.is_available = True
        self.lookup_count = 0
        self.link_sets = _MemoryLinkSets(self)
        self.short_links = _MemoryShortLinks(self)

    def create_link_resolver(self, cache_size: int = CACHE_SIZE) -> LinkResolver:
        return LinkResolver(link_sets=self.link_sets, short_links=self.short_links, cache_size=cache_size)

    def raise_if_unavailable(self) -> None:
        if not self.is_available:
            raise StorageError("simulated failure")


class _MemoryLinkSets:
    def __init__(self, registry: MemoryRegistry) -> None:
        self._registry = registry
        self._link_sets: dict[int, LinkSet] = {}

    async def add(self, link_set: LinkSet) -> int:
        self._registry.raise_if_unavailable()
        link_set_id = len(self._link_sets) + 1
        self._link_sets[link_set_id] = link_set
        return link_set_id

    async def find_newest(self, campaign: str) -> LinkSet | None:
        self._registry.raise_if_unavailable()
        return next((found for found in reversed(self._link_sets.values()) if found.campaign == campaign), None)

    async def find(self, link_set_id: int) -> LinkSet | None:
        self._registry.lookup_count += 1
        self._registry.raise_if_unavailable()
        return self._link_sets.get(link_set_id)


class _MemoryShortLinks:
    def __init__(self, registry: MemoryRegistry) -> None:
        self._registry = registry
        self._messages: dict[int, ShortLinkMessage] = {}

    async def add(self, message: ShortLinkMessage) -> None:
        self._registry.raise_if_unavailable()
        if message.code in self._messages:
            raise StorageError("the code is taken")
        self._messages[message.code] = message

    async def delete(self, *, created_before: datetime, limit: int) -> int:
        self._registry.raise_if_unavailable()
        due = sorted(
            (message.created_at, code)
            for code, message in self._messages.items()
            if message.created_at < created_before
        )
        for _, code in due[:limit]:
            del self._messages[code]
        return len(due[:limit])

    async def find(self, code: int) -> ShortLinkMessage | None:
        self._registry.lookup_count += 1
        self._registry.raise_if_unavailable()
        return self._messages.get(code)
