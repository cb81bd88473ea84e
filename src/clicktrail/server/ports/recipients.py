"""Store recipients' consent to tracking, and which recipients were erased."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from clicktrail.model.consent import Consent, ConsentRecord


class Consents(Protocol):
    """Tracking consent of recipients. Addresses are case-insensitive.

    Each method raises StorageError if the registry is unavailable.
    """

    async def set(self, recipient: str, consent: Consent, *, at: datetime) -> None:
        """Store a recipient's latest consent.

        Raises:
            StorageError: the consent may not have been stored; it is safe to repeat the call.
        """

    async def find(self, recipient: str) -> Consent | None:
        """Return a recipient's latest consent; None if none was recorded."""

    async def list_records(self, *, since: datetime | None) -> Sequence[ConsentRecord]:
        """Return the consents recorded at a time or later; None for all denials, for a copy that has none yet."""


class Erasures(Protocol):
    """Recipients who were erased or are being erased.

    Each method raises StorageError if the registry is unavailable.
    """

    async def add(self, recipient: str, recipient_hash: str, *, at: datetime) -> None:
        """Begin to erase a recipient: replace them by their hash in short messages and set their consent to denied.

        Args:
            recipient: address or opaque id.
            recipient_hash: keyed hash that recognises the recipient later; never deleted.
            at: time of the request, aware.

        Raises:
            StorageError: the erasure may not have been stored; it is safe to repeat the call.
        """

    async def list_hashes(self) -> Sequence[str]:
        """Return the keyed hashes of all erased recipients."""

    async def list_pending(self) -> Sequence[str]:
        """Return the recipients whose events are not yet erased from analytics."""

    async def mark_done(self, recipient: str) -> None:
        """Delete the name of a recipient who is erased from analytics; only the hash is left.

        Raises:
            StorageError: the name may be left; it is safe to repeat the call.
        """
