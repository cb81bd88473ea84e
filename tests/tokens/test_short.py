"""Tokens of the short format: a code, and the position behind it."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import TokenMalformedError
from clicktrail.tokens import (
    MAX_SHORT_LINKS,
    SHORT_CODE_BITS,
    decode_short_token,
    encode_short_token,
    find_longer_positions,
    identify_key,
)
from tests.support.old_short_tokens import MAX_OLD_SHORT_LINKS, encode_old_short_token

codes = st.integers(0, 2**SHORT_CODE_BITS - 1)
positions = st.integers(0, MAX_SHORT_LINKS - 1)
old_positions = st.integers(0, MAX_OLD_SHORT_LINKS - 1)


@pytest.mark.parametrize("change_case", [str.lower, str.upper, str.title])
@given(code=codes, position=positions)
def test_reading_undoes_writing_in_any_case(change_case: Callable[[str], str], code: int, position: int) -> None:
    token = change_case(encode_short_token(code, position))
    assert (code, position) == decode_short_token(token)
    assert identify_key(token) is None


@given(code=codes, position=old_positions)
def test_old_tokens_open(code: int, position: int) -> None:
    assert (code, position) == decode_short_token(encode_old_short_token(code, position))


@given(st.text("ABCabcoxz0178-_./é", max_size=16))
def test_a_token_has_one_spelling(text: str) -> None:
    try:
        code, position = decode_short_token(text)
    except TokenMalformedError:
        return
    if len(text) > 12:
        assert text.lower() == encode_short_token(code, position)
    else:
        assert text == encode_old_short_token(code, position)


@given(code=codes, position=positions, length=st.integers(0, 14))
def test_part_of_a_token_never_has_its_length(code: int, position: int, length: int) -> None:
    assert len(encode_short_token(code, position)) == 15
    assert list(find_longer_positions(encode_short_token(code, position)[:length])) == [] or length == 11


@given(code=codes, position=st.integers(20, MAX_OLD_SHORT_LINKS - 1))
def test_old_token_without_its_last_digit_may_be_another(code: int, position: int) -> None:
    assert position in find_longer_positions(encode_old_short_token(code, position)[:-1])
    assert not find_longer_positions(encode_old_short_token(code, position))


@pytest.mark.parametrize(
    ("code", "position", "token"),
    [
        (0, 0, "000000000000000"),
        (1, 19, "000000000001023"),
        (2**60 - 1, 20, "zzzzzzzzzzzz024"),
        (0x123456789ABCDEF, 1_299, "28t5cy4tqkff523"),
        (2**60 - 1, 8_191, "zzzzzzzzzzzzzz7"),
    ],
)
def test_vectors(code: int, position: int, token: str) -> None:
    assert token == encode_short_token(code, position)
    assert (code, position) == decode_short_token(token)


@pytest.mark.parametrize(
    ("code", "position", "token"),
    [
        (0, 0, "AAAAAAAAAAo"),
        (1, 19, "AAAAAAAAAB7"),
        (2**60 - 1, 20, "__________Ao"),
        (0x123456789ABCDEF, 1_299, "EjRWeJq83v_7"),
    ],
)
def test_vectors_of_old_tokens(code: int, position: int, token: str) -> None:
    assert token == encode_old_short_token(code, position)
    assert (code, position) == decode_short_token(token)


@pytest.mark.parametrize(
    "text",
    [
        *("", "AAAAAAAAAo", "AAAAAAAAAAA", "AAAAAAAAAA8", "AAAAAAAAAAAAo", "AAAAA/AAAAo", "AAAAAAAAAAo\n"),
        *("00000000000000o", "00000000000000O", "i00000000000000", "u00000000000000", "-00000000000000"),
        *("00000000000000\u0660", "\u212a00000000000000", "000000000000008", "00000000000000\n", "0000000000000000"),
    ],
)
def test_other_texts_are_none(text: str) -> None:
    with pytest.raises(TokenMalformedError):
        decode_short_token(text)
