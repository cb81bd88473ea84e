from typing import get_args

import pytest

from clicktrail.audit.exports import column_name, parse, recognise
from clicktrail.errors import SettingsError
from clicktrail.model.event import AnyEvent
from tests.audited import EXPORTS

FIELDS = {field for kind in get_args(AnyEvent) for field in kind.__struct_fields__} | {"type"}
TYPES = {str(kind.__struct_config__.tag) for kind in get_args(AnyEvent)}


def test_exports_are_told_in_words_of_events() -> None:
    """Each field and each type that a column or a word stands for exists."""
    assert FIELDS >= {field for export in EXPORTS for field in export.columns}
    assert TYPES >= {kind for export in EXPORTS for kind in export.types.values()}


def test_column_names_are_written_as_headings_are_read() -> None:
    """A column that no heading can be read as would never be found."""
    named = {name for export in EXPORTS for names in export.columns.values() for name in names}
    assert {column_name(name) for name in named} == named


@pytest.mark.parametrize(
    ("heading", "name"),
    [("Campaign Name", "campaign_name"), ("$message", "message"), ("client-info.bot", "client_info_bot")],
)
def test_a_column_is_known_by_its_words(heading: str, name: str) -> None:
    """Case and what stands between words do not matter."""
    assert name == column_name(heading)


def test_every_export_is_told_from_the_others() -> None:
    """All columns of a kind together are that kind, whatever columns kinds share."""
    for export in EXPORTS:
        columns = {name for names in export.columns.values() for name in names}
        assert export == recognise(columns | export.telltale, EXPORTS)


def test_other_tables_are_not_known() -> None:
    """A list of addresses is no export of events."""
    assert None is recognise({"email", "first_name"}, EXPORTS)


def test_a_file_with_an_unknown_key_is_refused() -> None:
    """A typo shows at once."""
    with pytest.raises(SettingsError, match="exports cannot be read"):
        parse("version = 2026-11-23\nexport = []")
