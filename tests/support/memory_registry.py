"""A registry in memory; it does not answer when told not to."""

from datetime import datetime

from clicktrail.errors import StorageError
from clicktrail.model.link_set import LinkSet, ShortMessage
from clicktrail.server.pipeline.link_lookup import REMEMBERED, StoredLinks

__all__ = ["MemoryRegistry"]


class MemoryRegistry:
    """Link sets and short messages, gone with the process.

    Attributes:
        answers: whether the next call succeeds.
        asked: how many were looked up.
    """

    def __init__(self) -> None:
        self.answers = True
        self.asked = 0
        self.link_sets = _MemoryLinkSets(self)
        self.short_links = _MemoryShortLinks(self)

    def links(self, remembered: int = REMEMBERED) -> StoredLinks:
        """As the edge asks for them."""
        return StoredLinks(link_sets=self.link_sets, short_links=self.short_links, remembered=remembered)

    def check(self) -> None:
        """Refuse where told to."""
        if not self.answers:
            raise StorageError("told not to answer")


class _MemoryLinkSets:
    def __init__(self, registry: MemoryRegistry) -> None:
        self._registry = registry
        self._kept: dict[int, LinkSet] = {}

    async def add(self, link_set: LinkSet) -> int:
        self._registry.check()
        number = len(self._kept) + 1
        self._kept[number] = link_set
        return number

    async def find(self, number: int) -> LinkSet | None:
        self._registry.asked += 1
        self._registry.check()
        return self._kept.get(number)


class _MemoryShortLinks:
    def __init__(self, registry: MemoryRegistry) -> None:
        self._registry = registry
        self._kept: dict[int, ShortMessage] = {}

    async def add(self, message: ShortMessage) -> None:
        self._registry.check()
        if message.code in self._kept:
            raise StorageError("the code is taken")
        self._kept[message.code] = message

    async def delete(self, *, before: datetime, limit: int) -> int:
        self._registry.check()
        old = sorted((message.created_at, code) for code, message in self._kept.items() if message.created_at < before)
        for _, code in old[:limit]:
            del self._kept[code]
        return len(old[:limit])

    async def find(self, code: int) -> ShortMessage | None:
        self._registry.asked += 1
        self._registry.check()
        return self._kept.get(code)
