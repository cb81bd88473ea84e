import re

import pytest

from clicktrail.errors import SettingsError
from clicktrail.merge_tags import Dialect, find_merge_tag, load_table
from clicktrail.merge_tags.table import parse_table

TABLE = load_table()


def test_every_dialect_has_a_source_and_examples() -> None:
    assert all(dialect.source and dialect.products and dialect.examples for dialect in TABLE.dialects)
    assert len({dialect.name for dialect in TABLE.dialects}) == len(TABLE.dialects)


@pytest.mark.parametrize("dialect", TABLE.dialects, ids=lambda dialect: dialect.name)
def test_every_pattern_of_a_dialect_has_an_example(dialect: Dialect) -> None:
    values = [f"https://x.com/?a={example}" for example in dialect.examples]
    assert [pattern for pattern in dialect.patterns if not any(re.search(pattern, value) for value in values)] == []


def test_table_has_four_esps() -> None:
    assert sorted(TABLE.esp) == ["klaviyo", "mailgun", "postmark", "sendgrid"]
    assert all(esp.source and esp.id_description for esp in TABLE.esp.values())


@pytest.mark.parametrize("name", TABLE.esp)
def test_merge_tag_of_an_esp_needs_no_quoting_and_is_a_merge_tag(name: str) -> None:
    merge_tag = TABLE.esp[name].merge_tag
    assert re.fullmatch(r"[A-Za-z0-9_.{}%]+", merge_tag)
    assert find_merge_tag(f"https://links.example.com/token/{merge_tag}")


def test_table_with_a_missing_key_is_refused() -> None:
    with pytest.raises(SettingsError, match="in the table of merge tags: missing key 'merge_tag'"):
        parse_table("version = 2026-11-23\ndialects = []\n[esp.x]\nid_description = 'y'")
