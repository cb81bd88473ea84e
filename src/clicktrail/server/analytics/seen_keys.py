"""Remember which people, messages and anonymous clicks of a campaign may be stored, in few bytes a key.

A chain of Bloom filters, each eight times as large as the one before. It never forgets a key, and takes about one in
four thousand new keys for a known one. ClickHouse computes the same bits for the keys that are stored. The key of a
person is the person.
"""

from hashlib import md5
from typing import Final

from clicktrail.server.analytics.connection import ChdbPool, load_query

_BITS_PER_KEY: Final = 32
_HASHES_PER_KEY: Final = 5
_FIRST_SIZE: Final = 1 << 13
_GROWTH: Final = 8


class _BloomFilter:
    def __init__(self, bits: bytearray, *, key_count: int = 0) -> None:
        self.bits = bits
        self.mask = 8 * len(bits) - 1  # the number of bits is a power of 2
        self.free_count = 8 * len(bits) // _BITS_PER_KEY - key_count

    def contains(self, first: int, step: int) -> bool:
        bits, mask = self.bits, self.mask
        for _ in range(_HASHES_PER_KEY):
            bit = first & mask
            if not bits[bit >> 3] & (1 << (bit & 7)):
                return False
            first += step
        return True

    def add(self, first: int, step: int) -> None:
        bits, mask = self.bits, self.mask
        for _ in range(_HASHES_PER_KEY):
            bit = first & mask
            bits[bit >> 3] |= 1 << (bit & 7)
            first += step
        self.free_count -= 1


class SeenKeys:
    """Keys that were added."""

    def __init__(self) -> None:
        self._filters = [_BloomFilter(bytearray(_FIRST_SIZE // 8))]

    @property
    def size(self) -> int:
        """Size in bytes."""
        return sum(len(bloom_filter.bits) for bloom_filter in self._filters)

    def add(self, key: str) -> bool:
        """Add a key. Returns whether it may have been added before; False is certain."""
        digest = md5(key.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()
        first, step = int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")
        for bloom_filter in self._filters:
            # The first bit rules out most new keys without a call.
            first_byte = bloom_filter.bits[(first & bloom_filter.mask) >> 3]
            if first_byte & (1 << (first & 7)) and bloom_filter.contains(first, step):
                return True
        if not self._filters[-1].free_count:
            self._filters.append(_BloomFilter(bytearray(_GROWTH * len(self._filters[-1].bits))))
        self._filters[-1].add(first, step)
        return False

    @classmethod
    async def load(cls, connections: ChdbPool, campaign: str) -> "SeenKeys":
        """Add the stored people, messages and anonymous clicks of a campaign.

        Raises:
            StorageError: they cannot be read.
        """
        count = int(await connections.execute(load_query("count_seen_keys"), {"campaign": campaign}, "TabSeparated"))
        size = _FIRST_SIZE
        while size < 2 * _BITS_PER_KEY * count:
            size *= 2
        rows = await connections.execute(
            load_query("seen_keys"),
            {"campaign": campaign, "mask": str(size - 1), "words": str(size // 64)},
            "RowBinary",
        )
        # Pairs of the number of a word and its bits, for each word.
        words = memoryview(rows).cast("Q")[1::2]
        seen = cls()
        seen._filters = [_BloomFilter(bytearray(words.tobytes()), key_count=min(count, size // _BITS_PER_KEY))]
        return seen


def message_key(message_id: str) -> str:
    """The key of a message."""
    return f"message {message_id}"


def anonymous_click_key(click_id: str) -> str:
    """The key of an anonymous click."""
    return f"click {click_id}"
