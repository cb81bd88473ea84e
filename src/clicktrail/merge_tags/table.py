"""The table of dialects, from a TOML file."""

from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib import resources

import msgspec

from clicktrail.config_text import decode_toml


class Dialect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One notation of merge tags; data/dialects.toml explains the patterns.

    Attributes:
        products: template languages and ESPs that have it.
        date: day on which the source was last checked.
    """

    name: str
    products: tuple[str, ...]
    examples: tuple[str, ...]
    patterns: tuple[str, ...]
    in_text: tuple[str, ...] = ()
    sign: str = ""
    source: str
    date: date


class EspMergeTag(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The merge tag that an ESP replaces by the recipient's id.

    Attributes:
        merge_tag: the tag as the ESP's editor takes it; needs no quoting in HTML.
        id_description: meaning of the tag, and where the sender stores the id.
        date: day on which the source was last checked.
    """

    merge_tag: str
    id_description: str
    source: str
    date: date


class MergeTagTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file.

    Attributes:
        version: day of the last change.
        esp: by the ESP's name in lower case.
    """

    version: date
    dialects: tuple[Dialect, ...]
    esp: dict[str, EspMergeTag]

    def iter_signs(self) -> Iterator[str]:
        """RE2 patterns of lower-case text; one matches if a merge tag consists of characters of ordinary URLs."""
        return (dialect.sign for dialect in self.dialects if dialect.sign)


@cache
def load_table() -> MergeTagTable:
    """Read the package's table; cached."""
    return parse_table((resources.files("clicktrail.merge_tags") / "data" / "dialects.toml").read_text("utf-8"))


def parse_table(text: str) -> MergeTagTable:
    """Parse a table of dialects.

    Raises:
        SettingsError: not TOML, or an unknown or missing key.
    """
    return decode_toml(text, MergeTagTable, name="the table of merge tags")
