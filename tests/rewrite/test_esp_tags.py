import re
from importlib import resources

import pytest

from clicktrail.errors import SettingsError
from clicktrail.rewrite.esp_tags import parse

TABLE = parse((resources.files("clicktrail.rewrite") / "data" / "esp_tags.toml").read_text("utf-8"))


def test_the_four_esps_are_known() -> None:
    """Each with its source."""
    assert ["klaviyo", "mailgun", "postmark", "sendgrid"] == sorted(TABLE)
    assert all(entry.source and entry.id for entry in TABLE.values())


@pytest.mark.parametrize("name", TABLE)
def test_a_merge_tag_needs_no_quoting(name: str) -> None:
    """It stands in attributes of any quoting and in plain text, where a space would end the URL."""
    assert re.fullmatch(r"[A-Za-z0-9_.{}%]+", TABLE[name].tag)


def test_a_table_of_another_form_is_refused() -> None:
    """The mistake is told when the table is read."""
    with pytest.raises(SettingsError, match=r"the merge tags cannot be read: .*`tag`"):
        parse("version = 2026-11-23\n[esp.x]\nid = 'y'")
