from urllib import parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.percent_encoding import unquote, unquote_plus

_PIECES = ["%", "%C3%A9", "%e3%81%a8", "%41", "%00", "%0A", "%0d%0a", "%zz", "%3D", "=", "=41", "==", "=\n", " \n", "é"]
TEXTS = st.lists(st.sampled_from([*_PIECES, "\ud800", "+", "_", "%C3", "%A9"]) | st.text(max_size=3)).map("".join)


@given(TEXTS)
def test_text_is_decoded_as_by_the_standard_library(text: str) -> None:
    assert unquote(text) == parse.unquote(text)
    assert unquote_plus(text) == parse.unquote_plus(text)


@pytest.mark.parametrize(
    ("encoded", "text"),
    [
        ("caf%C3%A9", "café"),
        ("100%", "100%"),
        ("%zz%4", "%zz%4"),
        ("a=b%3Dc", "a=b=c"),
        ("%FF", "\ufffd"),
        ("\ud800%41", "\ud800A"),
    ],
)
def test_text_is_decoded(encoded: str, text: str) -> None:
    assert unquote(encoded) == text
