"""Where reading stopped, in a file that is either the old one or the new one, whatever happens in between."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from clicktrail.errors import StorageError
from clicktrail.server.journal.segments import sync_folder

__all__ = ["Place", "load", "save"]


@dataclass(frozen=True, slots=True)
class Place:
    """A point between two frames.

    Attributes:
        writer: the name of the writer's folder.
        segment: the segment's number.
        offset: bytes from its beginning.
    """

    writer: str
    segment: int
    offset: int


def load(path: Path) -> tuple[Place, ...]:
    """Where each writer was read to; empty where nothing was read yet.

    Raises:
        StorageError: the file is there and cannot be understood.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[Place, ...])
    except FileNotFoundError:
        return ()
    except (OSError, msgspec.DecodeError) as error:
        raise StorageError(
            f"the journal's cursor {path} cannot be read: {error}",
            hint="without that file the journal is read again from its start; storing events twice changes nothing",
        ) from error


def save(path: Path, places: Iterable[Place]) -> None:
    """Replace the file.

    Raises:
        StorageError: it could not be written; the old one stands, or the new one does not survive a power cut yet.
    """
    draft = path.with_name(path.name + ".new")
    try:
        with draft.open("wb") as file:
            file.write(msgspec.json.encode(tuple(places)))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise StorageError(f"the journal's cursor {path} cannot be written: {error}") from error
