"""Tokens of the short format: a code, and the position behind it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import TokenMalformedError
from clicktrail.tokens import MAX_SHORT_LINKS, SHORT_CODE_BITS, decode_short_token, encode_short_token, identify_key

codes = st.integers(0, 2**SHORT_CODE_BITS - 1)
positions = st.integers(0, MAX_SHORT_LINKS - 1)


@given(code=codes, position=positions)
def test_reading_undoes_writing(code: int, position: int) -> None:
    token = encode_short_token(code, position)
    assert (code, position) == decode_short_token(token)
    assert identify_key(token) is None


@given(st.text("ABCabcoxz0178-_./é", max_size=14))
def test_a_token_has_one_spelling(text: str) -> None:
    try:
        code, position = decode_short_token(text)
    except TokenMalformedError:
        return
    assert text == encode_short_token(code, position)


@pytest.mark.parametrize(
    ("code", "position", "token"),
    [
        (0, 0, "AAAAAAAAAAo"),
        (1, 19, "AAAAAAAAAB7"),
        (2**60 - 1, 20, "__________Ao"),
        (0x123456789ABCDEF, 1_299, "EjRWeJq83v_7"),
    ],
)
def test_vectors(code: int, position: int, token: str) -> None:
    assert token == encode_short_token(code, position)
    assert (code, position) == decode_short_token(token)


@pytest.mark.parametrize(
    "text", ["", "AAAAAAAAAo", "AAAAAAAAAAA", "AAAAAAAAAA8", "AAAAAAAAAAAAo", "AAAAA/AAAAo", "AAAAAAAAAAo\n"]
)
def test_other_texts_are_none(text: str) -> None:
    with pytest.raises(TokenMalformedError):
        decode_short_token(text)
