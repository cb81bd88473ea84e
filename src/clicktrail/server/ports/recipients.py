"""Store recipients' consent to tracking, and which recipients were erased."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec

from clicktrail.model.consent import Consent, ConsentRecord


class StoredConsent(NamedTuple):
    """What is stored of a recipient.

    Attributes:
        consent: the latest one; None if none was recorded.
        is_erased: whether the recipient was erased, and the operator has not granted tracking since.
    """

    consent: Consent | None
    is_erased: bool


class Consents(Protocol):
    """Tracking consent of recipients. Addresses are case-insensitive.

    Each method raises StorageError if the registry is unavailable.
    """

    async def set(self, recipient: str, consent: Consent, *, at: datetime) -> None:
        """Store a recipient's latest consent.

        An erased recipient can be tracked again once consent is set to granted; any other consent changes nothing.

        Raises:
            StorageError: the consent may not have been stored; it is safe to repeat the call.
        """

    async def find(self, recipients: Iterable[str]) -> Sequence[StoredConsent]:
        """Return what is stored of each recipient, in order. Waits for no writer."""

    async def list_records(self, *, since: datetime | None) -> Sequence[ConsentRecord]:
        """Return the consents recorded at a time or later; None for all denials, for a copy that has none yet."""


class PendingErasure(msgspec.Struct, frozen=True, kw_only=True):
    """A recipient who is being erased.

    Attributes:
        recipient: the normalized name; the hash once the name is deleted everywhere but in freed parts of files.
        recipient_hash: keyed hash that replaces the name.
    """

    recipient: str
    recipient_hash: str

    @property
    def is_name_deleted(self) -> bool:
        """Whether only freed parts of the registry's files may hold the name."""
        return self.recipient == self.recipient_hash


class ErasureResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was erased of a recipient.

    Attributes:
        events: events in analytics, of every type.
        clicks: judged clicks in analytics.
        links: stored links and edits, from whose URLs the recipient was removed.
        journal_lines: events in the journal.
    """

    events: int = 0
    clicks: int = 0
    links: int = 0
    journal_lines: int = 0


class Erasures(Protocol):
    """Recipients who were erased or are being erased.

    Each method raises StorageError if the registry is unavailable.
    """

    async def add(self, recipient: str, recipient_hash: str, *, at: datetime) -> int:
        """Begin to erase a recipient: replace them by their hash in short messages, and deny tracking under the hash.

        Returns the number of consents deleted.

        Args:
            recipient: address or opaque id.
            recipient_hash: keyed hash that recognises the recipient later; never deleted.
            at: time of the request, aware.

        Raises:
            StorageError: the erasure may not have been stored; it is safe to repeat the call.
        """

    async def list_hashes(self) -> Sequence[str]:
        """Return the keyed hashes of all erased recipients."""

    async def list_pending(self) -> Sequence[PendingErasure]:
        """Return the recipients who are not erased everywhere yet."""

    async def erase_links(self, erasure: PendingErasure, edit_url: Callable[[str], str], *, only_own: bool) -> int:
        """Remove a recipient from stored links and edits. Returns the number of rows changed.

        Args:
            erasure: the recipient.
            edit_url: returns a URL without the recipient.
            only_own: edit only the short links of messages to the recipient.

        Raises:
            StorageError: some may be left; it is safe to repeat the call.
        """

    async def mark_done(
        self, erasure: PendingErasure, result: ErasureResult, *, is_in_text: Callable[[bytes], bool]
    ) -> None:
        """Delete the name of a recipient who is erased everywhere else; only the hash is left.

        Args:
            erasure: the recipient.
            result: what was erased.
            is_in_text: whether bytes of a file hold the recipient.

        Raises:
            StorageError: the name may be left; it is safe to repeat the call.
        """

    async def find_result(self, recipient_hash: str) -> ErasureResult | None:
        """Return what was erased of a recipient; None while the erasure is pending."""
