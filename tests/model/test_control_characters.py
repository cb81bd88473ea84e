import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import SettingsError
from clicktrail.model.control_characters import check_no_control_characters, remove_control_characters


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("winter\r\nsale", "winter sale"),
        ("winter\tsale\n", "winter sale"),
        ("\u2028winter\u2029", "winter"),
        ("win\0ter\x1b[31m\x7f\x9b", "winter[31m"),
        ("\x85\x1c", ""),
    ],
)
def test_control_characters_are_refused_or_removed(text: str, cleaned: str) -> None:
    assert remove_control_characters(text) == cleaned
    with pytest.raises(SettingsError, match=r"the campaign has the control character U\+"):
        check_no_control_characters("campaign", text)


def test_error_names_the_character() -> None:
    with pytest.raises(SettingsError, match=r"has the control character U\+000D: 'winter\\r\\nsale'"):
        check_no_control_characters("campaign", "winter\r\nsale")


@pytest.mark.parametrize("text", ["", "winter sale", "gr\u00fcn\u00a0 \u200d\U0001f600", "\\n", "\ufeff "])
def test_other_characters_are_allowed(text: str) -> None:
    check_no_control_characters("campaign", text)
    assert remove_control_characters(text).strip() == text.strip()


@given(st.text())
def test_cleaned_text_is_one_line_without_control_characters(text: str) -> None:
    cleaned = remove_control_characters(text)
    assert len(cleaned.splitlines()) <= 1
    check_no_control_characters("campaign", cleaned)
