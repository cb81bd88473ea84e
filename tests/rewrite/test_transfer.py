import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.rewrite.splice import Edit, splice
from clicktrail.rewrite.transfer import open_transfer

CONTENT = bytes(range(256)) * 2


def wrapped(content: bytes, width: int, newline: bytes) -> bytes:
    """Base64 in lines."""
    text = base64.b64encode(content)
    return newline.join(text[at : at + width] for at in range(0, len(text), width)) + newline


@pytest.mark.parametrize("encoding", ["", "7bit", "8bit", "binary"])
def test_identity_encodings_are_spliced_as_they_are(encoding: str) -> None:
    """Nothing but the span changes."""
    body = open_transfer(b"a\r\nURL \xe9\n", encoding, newline=b"\r\n")
    assert body is not None
    assert b"a\r\nURL \xe9\n" == body.decode()
    edits = [Edit(start=3, end=6, replacement=b"T")]
    assert edits == body.edits(edits)


@pytest.mark.parametrize(
    ("encoded", "encoding"),
    [
        *[(b"a", "x-uuencode"), (b"a", "quoted printable"), (b"YQ", "base64"), (b"YQ==YQ==", "base64")],
        *[(b"YR==", "base64"), (b"Y!Q==", "base64"), (b"\xff", "base64")],
        *[(b"YWA==", "base64"), (b"QUJA=", "base64"), (b"YQ=", "base64"), (b"=", "base64"), (b"YWJ=", "base64")],
    ],
)
def test_what_readers_would_guess_at_is_not_read(encoded: bytes, encoding: str) -> None:
    """Unknown encodings, and base64 that is not the one spelling of its content."""
    assert open_transfer(encoded, encoding, newline=b"\n") is None


@pytest.mark.parametrize("width", [60, 72, 76, 61])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_base64_keeps_the_width_of_its_lines_and_all_lines_before_the_change(width: int, newline: bytes) -> None:
    """Lines before the first change are the same bytes; those behind are as long as the first."""
    encoded = wrapped(CONTENT, width, newline) + newline
    body = open_transfer(encoded, "base64", newline=newline)
    assert body is not None
    edits = [Edit(start=300, end=310, replacement=b"https://go.example.com/abc")]
    result = splice(encoded, body.edits(edits))
    assert wrapped(splice(CONTENT, edits), width, newline) + newline == result


def test_base64_in_irregular_lines_keeps_those_before_the_change() -> None:
    """Only from the changed line on is anything encoded again."""
    lines = [b"QUJD", b"REVGR0hJ", b"SktM"]
    encoded = b"\r\n".join(lines)
    body = open_transfer(encoded, "base64", newline=b"\r\n")
    assert body is not None
    edits = body.edits([Edit(start=6, end=9, replacement=b"XYZ")])
    assert b"QUJD\r\nREVG\r\nWFla\r\nSktM" == splice(encoded, edits)


@given(st.binary(min_size=1, max_size=200), st.integers(0, 199), st.integers(1, 90), st.binary(max_size=90))
def test_base64_decodes_to_the_spliced_content(content: bytes, start: int, width: int, replacement: bytes) -> None:
    """Wherever the change falls and however long the lines are."""
    edits = [Edit(start=min(start, len(content) - 1), end=len(content), replacement=replacement)]
    encoded = wrapped(content, width, b"\n")
    body = open_transfer(encoded, "base64", newline=b"\n")
    assert body is not None
    again = open_transfer(splice(encoded, body.edits(edits)), "base64", newline=b"\n")
    assert again is not None
    assert splice(content, edits) == again.decode()
