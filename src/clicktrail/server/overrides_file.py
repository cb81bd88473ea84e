"""The overrides file on the edge's own disk: overrides stay in force when the registry is down or lost.

Overrides are only added, never removed. So an empty registry in place of a lost one neither restores a disabled link
nor tracks an erased recipient. A recipient who denied tracking can grant it again with a later record.
"""

import contextlib
import fcntl
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from clicktrail.atomic_file import write_atomically
from clicktrail.disk_errors import describe_os_error
from clicktrail.errors import StorageError
from clicktrail.model.consent import Consent, ConsentRecord
from clicktrail.model.edit import LinkEdit
from clicktrail.server.json_file import read_json_file


class OverridesSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All overrides.

    Attributes:
        edits: all link edits, oldest first.
        erased: hashes of all recipients who were ever erased.
        consents: latest consent, by hashed recipient, of each recipient who ever denied tracking.
    """

    edits: tuple[LinkEdit, ...] = ()
    erased: frozenset[str] = frozenset()
    consents: tuple[ConsentRecord, ...] = ()

    @property
    def currently_erased(self) -> frozenset[str]:
        """Hashes of the erased recipients, without those who were granted tracking since."""
        return self.erased - {record.recipient for record in self.consents if record.consent is Consent.GRANTED}

    @property
    def denied(self) -> frozenset[str]:
        """Hashes of the recipients who currently deny tracking."""
        return frozenset(record.recipient for record in self.consents if record.consent is Consent.DENIED)


def read(path: Path) -> OverridesSnapshot:
    """Read the file; an empty snapshot if it does not exist.

    Raises:
        StorageError: the file cannot be read.
    """
    return read_json_file(path, OverridesSnapshot, default=OverridesSnapshot(), failure="cannot read the overrides in")


def merge(
    path: Path, *, edits: Iterable[LinkEdit] = (), erased: Iterable[str] = (), consents: Iterable[ConsentRecord] = ()
) -> None:
    """Add overrides to the file, atomically. The file is not written if nothing is new.

    Raises:
        StorageError: the file cannot be read or written.
    """
    with _lock_writers(path):
        _merge(path, edits=edits, erased=erased, consents=consents)


@contextlib.contextmanager
def _lock_writers(path: Path) -> Iterator[None]:
    """Let one process at a time read the file and write it: commands, engine and edge all add to it."""
    try:
        file = path.with_name(f"{path.name}.lock").open("w")
    except OSError as error:
        raise StorageError(f"cannot write the overrides to {path}: {error.strerror}") from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _merge(path: Path, *, edits: Iterable[LinkEdit], erased: Iterable[str], consents: Iterable[ConsentRecord]) -> None:
    old = read(path)
    edits_by_id = {edit.id: edit for edit in (*old.edits, *edits)}
    new = OverridesSnapshot(
        edits=tuple(sorted(edits_by_id.values(), key=lambda edit: (edit.at, edit.id))),
        erased=old.erased | set(erased),
        consents=_merge_consents(old.consents, consents),
    )
    if new == old:
        return
    try:
        write_atomically(path, msgspec.json.format(msgspec.json.encode(new, order="sorted")) + b"\n")
    except OSError as error:
        raise StorageError(f"cannot write the overrides to {path}: {describe_os_error(error, path)}") from error


def _merge_consents(old: Iterable[ConsentRecord], new: Iterable[ConsentRecord]) -> tuple[ConsentRecord, ...]:
    """Latest consent of each recipient who ever denied tracking; the edge needs no record of the rest."""
    latest = {record.recipient: record for record in old}
    for record in sorted(new, key=_consent_sort_key):
        previous = latest.get(record.recipient)
        is_later = previous is not None and previous.at <= record.at
        is_first_denial = previous is None and record.consent is Consent.DENIED
        if is_later or is_first_denial:
            latest[record.recipient] = record
    return tuple(sorted(latest.values(), key=_consent_sort_key))


def _consent_sort_key(record: ConsentRecord) -> tuple[datetime, str]:
    return record.at, record.recipient
