"""Descriptions of the files that ESPs give, from data/exports.toml. One description serves tables and JSON."""

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Final

import msgspec

from clicktrail.config_text import decode_toml

_NOT_WORD: Final = re.compile(r"[\W_]+")
_MIN_RESEMBLANCE: Final = 0.5
"""Share of a format's identifying columns that a file which looks like it has."""


class ExportFormat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table or JSON object that describes one event.

    Attributes:
        name: name of the ESP, or ``export``.
        identifying_columns: columns that only this format has together; of columns in a tuple, one suffices.
        date: when the source was last checked.
        columns: by event field, the columns that may hold it; the first one with a value counts.
        types: event type by the format's own name for it, where it differs from the common ones.
        default_type: type of all events, if none of the columns has it.
        is_utc: its times without a zone are UTC, by its documentation.
        is_guess: its columns have names that many programs use. Only tables are recognised by them.
        hint: what to export instead, for a file that cannot be read.
    """

    name: str
    identifying_columns: tuple[str | tuple[str, ...], ...]
    source: str
    date: date
    columns: Mapping[str, tuple[str, ...]]
    types: Mapping[str, str] = {}
    default_type: str = "click"
    is_utc: bool = False
    is_guess: bool = False
    hint: str = ""


class _ExportsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: date
    types: Mapping[str, str]
    exports: tuple[ExportFormat, ...]


def parse_export_formats(text: str) -> tuple[ExportFormat, ...]:
    """Parse an exports file. Every format gets the common event types beside its own.

    Raises:
        SettingsError: not TOML, or an unknown or missing key.
    """
    file = decode_toml(text, _ExportsFile, name="the exports file")
    shared_types = {normalise_column_name(name): type_ for name, type_ in file.types.items()}
    return tuple(
        msgspec.structs.replace(
            format_, types=shared_types | {normalise_column_name(name): type_ for name, type_ in format_.types.items()}
        )
        for format_ in file.exports
    )


def detect_export_format(columns: Container[str], formats: Iterable[ExportFormat]) -> ExportFormat | None:
    """Find the first format whose identifying columns are all present."""
    for format_ in formats:
        for column in format_.identifying_columns:
            if not _is_present(column, columns):
                break
        else:
            return format_
    return None


def iterate_identifying_columns(formats: Iterable[ExportFormat]) -> Iterator[str]:
    """Names of all identifying columns."""
    for format_ in formats:
        for column in format_.identifying_columns:
            yield from [column] if isinstance(column, str) else column


def find_similar_format(columns: Container[str], formats: Iterable[ExportFormat]) -> ExportFormat | None:
    """Find the ESP's format that shares most of its identifying columns with a file; None if none is similar."""
    resemblance, best = max(
        ((_measure_resemblance(format_, columns), format_) for format_ in formats if format_.hint),
        key=lambda pair: pair[0],
        default=(0.0, None),
    )
    return best if resemblance >= _MIN_RESEMBLANCE else None


def _measure_resemblance(format_: ExportFormat, columns: Container[str]) -> float:
    present = sum(_is_present(column, columns) for column in format_.identifying_columns)
    return present / len(format_.identifying_columns)


def _is_present(column: str | tuple[str, ...], columns: Container[str]) -> bool:
    return column in columns if isinstance(column, str) else any(name in columns for name in column)


@lru_cache(maxsize=4_096)
def normalise_column_name(heading: str) -> str:
    """Lower-case a heading and join its words with underscores: ``Campaign Name`` becomes ``campaign_name``.

    Letters of every script are kept; full-width and composed forms become the usual ones (NFKC).
    """
    return _NOT_WORD.sub("_", unicodedata.normalize("NFKC", heading).lower()).strip("_")
