"""Know the tables that ESPs export by their columns, from a TOML file."""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date

import msgspec

from clicktrail.errors import SettingsError

__all__ = ["Export", "column_name", "parse", "recognise"]


class Export(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of table.

    Attributes:
        name: the ESP's, or ``export``.
        telltale: columns that together no other kind has.
        source: where its columns are described.
        date: when that was last looked at.
        columns: by field of an event, the columns that may hold it; of several the first with a value.
        types: by its words for what happened, ours.
    """

    name: str
    telltale: frozenset[str]
    source: str
    date: date
    columns: Mapping[str, tuple[str, ...]]
    types: Mapping[str, str]


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: date
    exports: tuple[Export, ...]


def parse(text: str) -> tuple[Export, ...]:
    """Read an exports file.

    Raises:
        SettingsError: not TOML, or an unknown or missing key.
    """
    try:
        return msgspec.toml.decode(text, type=_File).exports
    except msgspec.DecodeError as error:
        raise SettingsError(f"exports cannot be read: {error}") from error


def recognise(columns: Collection[str], exports: Iterable[Export]) -> Export | None:
    """The first kind whose telltale columns are all there; None if it is none of them."""
    return next((export for export in exports if export.telltale <= set(columns)), None)


def column_name(heading: str) -> str:
    """A heading in lower case, its words joined by underscores: ``Campaign Name`` is ``campaign_name``."""
    return re.sub(r"[^a-z0-9]+", "_", heading.lower()).strip("_")
