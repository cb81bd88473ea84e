"""The overrides on the edge's own disk: what holds where the registry is down, or lost.

Nothing is ever taken out of it: what is written is what was there and what is new. So an empty registry in place of a
lost one neither revives a link nor brings anybody back. Who denied being tracked can agree again, by what is newer.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec

from clicktrail.atomic_file import replace
from clicktrail.errors import StorageError
from clicktrail.model.consent import Consent, Said
from clicktrail.model.edit import LinkEdit

__all__ = ["NAME", "Snapshot", "extend", "read"]

NAME = "overrides.json"
"""The file's name in the data folder."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All overrides.

    Attributes:
        edits: every edit of links there ever was.
        erased: marks of the recipients that were erased.
        consents: what those said last who ever denied being tracked, by their marks.
    """

    edits: tuple[LinkEdit, ...] = ()
    erased: frozenset[str] = frozenset()
    consents: tuple[Said, ...] = ()

    @property
    def denied(self) -> frozenset[str]:
        """Marks of the recipients that deny being tracked."""
        return frozenset(said.recipient for said in self.consents if said.consent is Consent.DENIED)


def read(path: Path) -> Snapshot:
    """What the file holds; nothing where there is none.

    Raises:
        StorageError: it cannot be read.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Snapshot)
    except FileNotFoundError:
        return Snapshot()
    except (OSError, msgspec.DecodeError) as error:
        raise StorageError(f"cannot read the overrides in {path}: {error}") from error


def extend(
    path: Path, *, edits: Iterable[LinkEdit] = (), erased: Iterable[str] = (), consents: Iterable[Said] = ()
) -> None:
    """Add to the file what is not in it, durably; it is not touched where that is nothing.

    Raises:
        StorageError: it cannot be read or written.
    """
    old = read(path)
    by_id = {edit.id: edit for edit in (*old.edits, *edits)}
    new = Snapshot(
        edits=tuple(sorted(by_id.values(), key=lambda edit: (edit.at, edit.id))),
        erased=old.erased | set(erased),
        consents=_last(old.consents, consents),
    )
    if new == old:
        return
    try:
        replace(path, msgspec.json.format(msgspec.json.encode(new, order="sorted")) + b"\n")
    except OSError as error:
        raise StorageError(f"cannot write the overrides to {path}: {error.strerror}") from error


def _last(known: Iterable[Said], told: Iterable[Said]) -> tuple[Said, ...]:
    """What those said last who ever denied: of everybody else the edge need not know."""
    last = {said.recipient: said for said in known}
    for said in sorted(told, key=_when):
        before = last.get(said.recipient)
        if before.at <= said.at if before else said.consent is Consent.DENIED:
            last[said.recipient] = said
    return tuple(sorted(last.values(), key=_when))


def _when(said: Said) -> tuple[datetime, str]:
    return said.at, said.recipient
