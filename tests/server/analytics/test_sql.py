from hypothesis import given
from hypothesis import strategies as st

from clicktrail.server.analytics.sql import migrations, parameter


def test_migrations_come_in_the_order_of_their_numbers() -> None:
    """Files apply by number, without gaps."""
    assert [f"{number:04}" for number in range(1, len(migrations()) + 1)] == [name[:4] for name in migrations()]


def test_null_is_no_text() -> None:
    """NULL and the two characters that stand for it are different parameters."""
    assert ("\\N", "\\\\N") == (parameter(None), parameter("\\N"))


def test_array_is_a_literal() -> None:
    """An array's items are quoted, their quotes and backslashes escaped."""
    assert r"['a','it\'s','\\']" == parameter(["a", "it's", "\\"])


@given(st.text())
def test_text_holds_no_separator(text: str) -> None:
    """Nothing in a text can end the parameter early."""
    assert not {"\t", "\n", "\r"} & set(parameter(text))
