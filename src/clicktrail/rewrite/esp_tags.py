"""Know by which merge tag each ESP names a recipient to nobody but the sender; by a table from a TOML file."""

from collections.abc import Mapping
from datetime import date

import msgspec

from clicktrail.errors import SettingsError

__all__ = ["EspTag", "parse"]


class EspTag(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ESP's merge tag.

    Attributes:
        tag: as its editor takes it, characters that need no quoting in HTML.
        id: what it stands for, and where the sender keeps that.
        source: where the ESP says so.
        date: when that was last looked at.
    """

    tag: str
    id: str
    source: str
    date: date


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: date
    esp: dict[str, EspTag]


def parse(text: str) -> Mapping[str, EspTag]:
    """Read the table: for each ESP, by its name in lower case, its tag.

    Raises:
        SettingsError: it is not of that form.
    """
    try:
        return msgspec.toml.decode(text, type=_File).esp
    except msgspec.DecodeError as error:
        raise SettingsError(f"the merge tags cannot be read: {error}") from error
