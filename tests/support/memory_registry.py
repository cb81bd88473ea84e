"""A registry in memory; it does not answer when told not to."""

from datetime import datetime

from clicktrail.errors import StorageError
from clicktrail.model.link_set import LinkSet, ShortLinkMessage
from clicktrail.server.pipeline.link_lookup import CACHE_SIZE, LinkResolver

__all__ = ["MemoryRegistry"]


class MemoryRegistry:
    """Link sets and short messages, gone with the process.

    Attributes:
        is_available: whether the next call succeeds.
        lookup_count: how many were looked up.
    """

    def __init__(self) -> None:
        self.is_available = True
        self.lookup_count = 0
        self.link_sets = _MemoryLinkSets(self)
        self.short_links = _MemoryShortLinks(self)

    def create_link_resolver(self, cache_size: int = CACHE_SIZE) -> LinkResolver:
        """As the edge asks for them."""
        return LinkResolver(link_sets=self.link_sets, short_links=self.short_links, cache_size=cache_size)

    def raise_if_unavailable(self) -> None:
        """Refuse where told to."""
        if not self.is_available:
            raise StorageError("told not to answer")


class _MemoryLinkSets:
    def __init__(self, registry: MemoryRegistry) -> None:
        self._registry = registry
        self._link_sets: dict[int, LinkSet] = {}

    async def add(self, link_set: LinkSet) -> int:
        self._registry.raise_if_unavailable()
        number = len(self._link_sets) + 1
        self._link_sets[number] = link_set
        return number

    async def find(self, number: int) -> LinkSet | None:
        self._registry.lookup_count += 1
        self._registry.raise_if_unavailable()
        return self._link_sets.get(number)


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
        old = sorted(
            (message.created_at, code)
            for code, message in self._messages.items()
            if message.created_at < created_before
        )
        for _, code in old[:limit]:
            del self._messages[code]
        return len(old[:limit])

    async def find(self, code: int) -> ShortLinkMessage | None:
        self._registry.lookup_count += 1
        self._registry.raise_if_unavailable()
        return self._messages.get(code)
