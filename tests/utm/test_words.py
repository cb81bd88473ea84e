import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.utm.words import snake


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Shop now!", "shop_now"),
        ("  welcome-series 2 ", "welcome_series_2"),
        ("Hírlevél", "hirlevel"),
        ("STRASSE Straße", "strasse_strasse"),
        ("Новости", "новости"),
        ("→", ""),
    ],
)
def test_text_becomes_snake_case(text: str, value: str) -> None:
    """Words in lower case are joined by underscores."""
    assert value == snake(text)


def test_a_long_text_ends_with_a_whole_word() -> None:
    """A value is no longer than asked, and does not end within a word where it can be helped."""
    assert ["read_the", "read_the_whole", "unbre"] == [
        snake("Read the whole story", longest=10),
        snake("Read the whole story", longest=14),
        snake("unbreakable", longest=5),
    ]


@given(st.text())
def test_snake_case_is_its_own(text: str) -> None:
    """What is snake case already stays as it is."""
    assert snake(text) == snake(snake(text))
