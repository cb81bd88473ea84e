import quopri
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.rewrite.edits import ByteEdit, splice
from clicktrail.rewrite.quoted_printable import QuotedPrintableBody, encode

LONG_URL = b"https://go.example.com/" + b"t" * 200


def spliced(encoded: bytes, old: bytes, new: bytes, *, newline: bytes = b"\r\n") -> bytes:
    """Replace the first occurrence of some content."""
    body = QuotedPrintableBody(encoded, newline=newline)
    start = body.decode().index(old)
    return splice(encoded, body.encode_edits([ByteEdit(start=start, end=start + len(old), replacement=new)]))


@pytest.mark.parametrize(
    ("encoded", "content"),
    [
        (b"a=3Db=\r\nc=\nd=e9", b"a=bcd\xe9"),
        (b"a= \t\r\nb", b"ab"),
        (b"a=ZZ =4 ==41 =", b"a=ZZ =4 =A ="),
        (b"", b""),
    ],
)
def test_body_is_decoded(encoded: bytes, content: bytes) -> None:
    assert QuotedPrintableBody(encoded, newline=b"\r\n").decode() == content


@given(st.lists(st.sampled_from([b"=", b"4", b"a", b"F", b"z", b" ", b"\t", b"\r", b"\n", b"=\r\n"])).map(b"".join))
def test_body_is_decoded_escape_by_escape(encoded: bytes) -> None:
    escape = re.compile(rb"=(?:([0-9A-Fa-f]{2})|[ \t]*\r?\n)")
    content = escape.sub(lambda found: bytes.fromhex((found[1] or b"").decode()), encoded)
    assert content == QuotedPrintableBody(encoded, newline=b"\n").decode()


def test_long_body_is_decoded_in_chunks() -> None:
    for shift in range(4):
        assert (
            QuotedPrintableBody(b"x" * shift + b"=E9" * 50_000, newline=b"\n").decode()
            == b"x" * shift + b"\xe9" * 50_000
        )


def test_only_the_encoded_bytes_of_the_span_are_replaced() -> None:
    encoded = b'<a href=3D"=\r\nhttps://x.com/=\r\n?a=3D1=\r\n">=e9 =E9'
    assert spliced(encoded, b"https://x.com/?a=1", b"T") == b'<a href=3D"=\r\nT=\r\n">=e9 =E9'


def test_long_lines_are_wrapped() -> None:
    encoded = b'<a href=3D"URL" class=3D"button" style=3D"color: red">text</a>\n'
    result = spliced(encoded, b"URL", LONG_URL, newline=b"\n")
    assert all(len(line) <= 76 for line in result.split(b"\n"))
    assert b"\r" not in result
    assert encoded == result.replace(b"=\n", b"").replace(LONG_URL, b"URL")


def test_replacement_is_escaped() -> None:
    url = LONG_URL.decode().encode("utf-16-le")
    result = spliced(b"URL\n", b"URL", url, newline=b"\n")
    assert all(len(line) <= 76 for line in result.split(b"\n"))
    assert QuotedPrintableBody(result, newline=b"\n").decode() == url + b"\n"


@given(
    st.binary(max_size=300),
    st.integers(1, 4),
    st.lists(st.integers(0, 1_200), max_size=6),
    st.sampled_from([b"", b"T", LONG_URL]),
)
def test_only_the_spans_of_the_content_change(block: bytes, count: int, cuts: list[int], replacement: bytes) -> None:
    content = block * count
    encoded = quopri.encodestring(content)
    ends = sorted({cut for cut in cuts if cut <= len(content)})
    edits = [
        ByteEdit(start=start, end=end, replacement=replacement)
        for start, end in zip(ends[::2], ends[1::2], strict=False)
    ]
    if edits:
        result = splice(encoded, QuotedPrintableBody(encoded, newline=b"\n").encode_edits(edits))
        assert splice(content, edits) == QuotedPrintableBody(result, newline=b"\n").decode()
        assert max(map(len, result.split(b"\n"))) <= 76


PIECES = [b"=\n", b"=\r\n", b"=41", b"a", b"=", b"= \n", b"=\t \r\n", b"\r\n", b"= ", b"=4", b"=\r", b"word" * 9]


@given(
    st.lists(st.sampled_from(PIECES), max_size=9).map(b"".join),
    st.integers(1, 200),
    st.lists(st.integers(0, 2_000), min_size=2, max_size=6),
)
def test_irregular_body_is_edited_as_a_regular_one(block: bytes, count: int, cuts: list[int]) -> None:
    encoded = b"x" + block * count
    body = QuotedPrintableBody(encoded, newline=b"\n")
    content = body.decode()
    offsets = sorted({min(cut, len(content) - 1) for cut in cuts})
    edits = [ByteEdit(start=offset, end=offset + 1, replacement=b"T") for offset in offsets]
    edited = QuotedPrintableBody(splice(encoded, body.encode_edits(edits)), newline=b"\n").decode()
    assert edited == splice(bytes(content), edits)


@given(st.binary(), st.sampled_from([b"\n", b"\r\n"]))
def test_any_content_can_be_encoded(content: bytes, newline: bytes) -> None:
    encoded = encode(content * 3, newline=newline)
    assert QuotedPrintableBody(encoded, newline=newline).decode() == content * 3
    assert all(len(line) <= 76 and line == line.rstrip() for line in encoded.replace(b"\r\n", b"\n").split(b"\n"))


def test_long_line_is_encoded() -> None:
    assert encode(b"\xe9" * 5_000_000, newline=b"\n")[:77] == b"=E9" * 25 + b"=\n"
