"""Store the tracking domains, and their states over time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from clicktrail.model.tracking_domain import DomainCheckResult, DomainState, RegisteredDomain


class Domains(Protocol):
    """Tracking domains by host name.

    Each method raises StorageError if the registry is unavailable.
    """

    async def put(self, domain: RegisteredDomain) -> None:
        """Store a domain durably; of a domain that is stored, keep time of addition and results of checks.

        A removed domain is in use again.
        """

    async def find(self, host: str) -> RegisteredDomain | None:
        """Return a domain; None if it was never added."""

    async def list_all(self) -> Sequence[RegisteredDomain]:
        """Return all domains, the removed ones too, by host name."""

    async def record_check(self, host: str, result: DomainCheckResult) -> None:
        """Store the result of a check. It begins a new state if status or code have changed.

        Does nothing if the domain was deleted meanwhile.
        """

    async def list_states(self, host: str) -> Sequence[DomainState]:
        """Return the states of a domain, the oldest first."""

    async def remove(self, host: str, *, at: datetime) -> None:
        """Mark a domain as removed. It stays stored, because the edge still serves it."""

    async def delete(self, host: str) -> None:
        """Delete a domain and its states."""
