from typing import get_args

import pytest

from clicktrail.audit.export_formats import (
    ExportFormat,
    detect_export_format,
    find_similar_format,
    normalise_column_name,
    parse_export_formats,
)
from clicktrail.errors import SettingsError
from clicktrail.model.event import AnyEvent
from tests.support.audit import EXPORT_FORMATS
from tests.support.paths import ROOT

FIELDS = {field for type_ in get_args(AnyEvent) for field in type_.__struct_fields__} | {"type"}
TYPES = {str(type_.__struct_config__.tag) for type_ in get_args(AnyEvent)}


def test_export_formats_name_existing_fields_and_types() -> None:
    assert FIELDS >= {field for export in EXPORT_FORMATS for field in export.columns}
    assert TYPES | {""} >= {event_type for export in EXPORT_FORMATS for event_type in export.types.values()}


def test_column_names_of_formats_are_normalised() -> None:
    columns = {name for export in EXPORT_FORMATS for names in export.columns.values() for name in names}
    assert {normalise_column_name(name) for name in columns} == columns


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("Campaign Name", "campaign_name"),
        ("$message", "message"),
        ("client-info.bot", "client_info_bot"),
        ("日時", "日時"),
        ("Größe", "größe"),
        ("Gro\u0308ße", "größe"),
        ("\uff35\uff32\uff2c", "url"),
        ("Дата клика", "дата_клика"),
    ],
)
def test_normalise_column_name(heading: str, name: str) -> None:
    assert normalise_column_name(heading) == name


def list_identifying_columns(export: ExportFormat) -> set[str]:
    """One column of each choice."""
    return {column if isinstance(column, str) else column[0] for column in export.identifying_columns}


def test_each_format_is_detected() -> None:
    for export in EXPORT_FORMATS:
        assert detect_export_format(list_identifying_columns(export), EXPORT_FORMATS) == export


def test_one_column_of_a_choice_suffices() -> None:
    for column in ("mj_campaign_id", "mj_message_id"):
        export = detect_export_format({"event", "time", "email", column}, EXPORT_FORMATS)
        assert export is not None
        assert export.name == "mailjet"


def test_similar_format_shares_half_of_the_identifying_columns() -> None:
    similar = find_similar_format({"event", "email", "timestamp"}, EXPORT_FORMATS)
    assert similar is not None
    assert similar.name == "sendgrid"
    assert find_similar_format({"first_name"}, EXPORT_FORMATS) is None


def test_unknown_table_has_no_format() -> None:
    assert detect_export_format({"email", "first_name"}, EXPORT_FORMATS) is None


def test_exports_file_with_unknown_key() -> None:
    with pytest.raises(SettingsError, match="in the exports file"):
        parse_export_formats("version = 2026-11-23\nexport = []")


def test_every_source_is_documented() -> None:
    reference = (ROOT / "docs" / "reference" / "audit.md").read_text("utf-8")
    assert [export.name for export in EXPORT_FORMATS if f"| `{export.name}` |" not in reference] == []
