"""The overrides on the edge's own disk: what holds where the registry is down, or lost.

Nothing is ever taken out of it: what is written is what was there and what is new. So an empty registry in place of a
lost one neither revives a link nor brings anybody back. Who denied being tracked can agree again, by what is newer.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec

from clicktrail.atomic_file import write_atomically
from clicktrail.errors import StorageError
from clicktrail.model.consent import Consent, ConsentRecord
from clicktrail.model.edit import LinkEdit

__all__ = ["OverridesSnapshot", "merge", "read"]


class OverridesSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All overrides.

    Attributes:
        edits: every edit of links there ever was.
        erased: marks of the recipients that were erased.
        consents: what those said last who ever denied being tracked, by their marks.
    """

    edits: tuple[LinkEdit, ...] = ()
    erased: frozenset[str] = frozenset()
    consents: tuple[ConsentRecord, ...] = ()

    @property
    def denied(self) -> frozenset[str]:
        """Marks of the recipients that deny being tracked."""
        return frozenset(said.recipient for said in self.consents if said.consent is Consent.DENIED)


def read(path: Path) -> OverridesSnapshot:
    """What the file holds; nothing where there is none.

    Raises:
        StorageError: it cannot be read.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=OverridesSnapshot)
    except FileNotFoundError:
        return OverridesSnapshot()
    except (OSError, msgspec.DecodeError) as error:
        raise StorageError(f"cannot read the overrides in {path}: {error}") from error


def merge(
    path: Path, *, edits: Iterable[LinkEdit] = (), erased: Iterable[str] = (), consents: Iterable[ConsentRecord] = ()
) -> None:
    """Add to the file what is not in it, durably; it is not touched where that is nothing.

    Raises:
        StorageError: it cannot be read or written.
    """
    old = read(path)
    by_id = {edit.id: edit for edit in (*old.edits, *edits)}
    new = OverridesSnapshot(
        edits=tuple(sorted(by_id.values(), key=lambda edit: (edit.at, edit.id))),
        erased=old.erased | set(erased),
        consents=_merge_consents(old.consents, consents),
    )
    if new == old:
        return
    try:
        write_atomically(path, msgspec.json.format(msgspec.json.encode(new, order="sorted")) + b"\n")
    except OSError as error:
        raise StorageError(f"cannot write the overrides to {path}: {error.strerror}") from error


def _merge_consents(old: Iterable[ConsentRecord], new: Iterable[ConsentRecord]) -> tuple[ConsentRecord, ...]:
    """What those said last who ever denied: of everybody else the edge need not know."""
    last = {said.recipient: said for said in old}
    for said in sorted(new, key=_consent_sort_key):
        before = last.get(said.recipient)
        if before.at <= said.at if before else said.consent is Consent.DENIED:
            last[said.recipient] = said
    return tuple(sorted(last.values(), key=_consent_sort_key))


def _consent_sort_key(record: ConsentRecord) -> tuple[datetime, str]:
    return record.at, record.recipient
