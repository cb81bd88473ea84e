import base64
import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.model.link import BodyType, Link, LinkReason
from clicktrail.rewrite.edits import ByteEdit, splice
from clicktrail.rewrite.encodings import build_byte_edits, decode_text, parse_encoded_body

CONTENT = bytes(range(256)) * 2


def wrapped(content: bytes, width: int, newline: bytes) -> bytes:
    text = base64.b64encode(content)
    return newline.join(text[at : at + width] for at in range(0, len(text), width)) + newline


@pytest.mark.parametrize("encoding", ["", "7bit", "8bit", "binary"])
def test_identity_encodings_pass_edits_through(encoding: str) -> None:
    body = parse_encoded_body(b"a\r\nURL \xe9\n", encoding, newline=b"\r\n")
    assert body is not None
    assert body.decode() == b"a\r\nURL \xe9\n"
    edits = [ByteEdit(start=3, end=6, replacement=b"T")]
    assert edits == body.encode_edits(edits)


@pytest.mark.parametrize(
    ("encoded", "encoding"),
    [
        *[(b"a", "x-uuencode"), (b"a", "quoted printable"), (b"YQ", "base64"), (b"YQ==YQ==", "base64")],
        *[(b"YR==", "base64"), (b"Y!Q==", "base64"), (b"\xff", "base64")],
        *[(b"YWA==", "base64"), (b"QUJA=", "base64"), (b"YQ=", "base64"), (b"=", "base64"), (b"YWJ=", "base64")],
    ],
)
def test_ambiguous_encodings_are_not_decoded(encoded: bytes, encoding: str) -> None:
    assert parse_encoded_body(encoded, encoding, newline=b"\n") is None


@pytest.mark.parametrize("width", [60, 72, 76, 61])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_base64_keeps_line_width_and_unchanged_lines(width: int, newline: bytes) -> None:
    encoded = wrapped(CONTENT, width, newline) + newline
    body = parse_encoded_body(encoded, "base64", newline=newline)
    assert body is not None
    edits = [ByteEdit(start=300, end=310, replacement=b"https://go.example.com/abc")]
    result = splice(encoded, body.encode_edits(edits))
    assert result == wrapped(splice(CONTENT, edits), width, newline) + newline


def test_base64_in_irregular_lines_keeps_unchanged_lines() -> None:
    lines = [b"QUJD", b"REVGR0hJ", b"SktM"]
    encoded = b"\r\n".join(lines)
    body = parse_encoded_body(encoded, "base64", newline=b"\r\n")
    assert body is not None
    edits = body.encode_edits([ByteEdit(start=6, end=9, replacement=b"XYZ")])
    assert splice(encoded, edits) == b"QUJD\r\nREVG\r\nWFla\r\nSktM"


@given(st.text("AQgwEB9+/=-", max_size=9))
def test_only_canonical_base64_is_decoded(text: str) -> None:
    encoded = text.encode()
    body = parse_encoded_body(encoded, "base64", newline=b"\n")
    try:
        is_canonical = base64.b64encode(base64.b64decode(encoded, validate=True)) == encoded
    except ValueError:
        is_canonical = False
    assert (body is not None) == is_canonical


@given(st.binary(min_size=1, max_size=200), st.integers(0, 199), st.integers(1, 90), st.binary(max_size=90))
def test_base64_decodes_to_the_spliced_content(content: bytes, start: int, width: int, replacement: bytes) -> None:
    edits = [ByteEdit(start=min(start, len(content) - 1), end=len(content), replacement=replacement)]
    encoded = wrapped(content, width, b"\n")
    body = parse_encoded_body(encoded, "base64", newline=b"\n")
    assert body is not None
    again = parse_encoded_body(splice(encoded, body.encode_edits(edits)), "base64", newline=b"\n")
    assert again is not None
    assert splice(content, edits) == again.decode()


TEXTS = {
    "utf-8": "é <a href='URL'>",
    "UTF8": "\ufeffé <a href='URL'>",
    "iso-8859-1": "é <a href='URL'>",
    "us-ascii": "e <a href='URL'>",
    "": "e <a href='URL'>",
    "iso-2022-jp": "日本 <a href='URL'>日本</a>",
    "shift_jis": "日本ソ <a href='URL'>ソ",
    "euc-kr": "한국 <a href='URL'>",
    "gb18030": "漢字 <a href='URL'>",
    "hz": "汉字 <a href='URL'>汉字",
    "cp037": "é <a href='URL'>",
    "utf-16-be": "é <a href='URL'>",
}


def link(text: str, url: str) -> Link:
    """A tracked link at the word URL."""
    start = text.index("URL")
    return Link(
        body_type=BodyType.HTML, start=start, end=start + 3, href="URL", reason=LinkReason.TRACKED, replacement=url
    )


@pytest.mark.parametrize("charset", TEXTS)
def test_links_are_replaced_in_every_charset(charset: str) -> None:
    text = TEXTS[charset]
    content = text.encode(charset or "ascii")
    decoded = decode_text(content, charset)
    assert decoded is not None
    assert (decoded.text, decoded.has_valid_charset) == (text, True)
    edits = build_byte_edits(decoded, [link(text, "https://t.co/a")])
    assert edits is not None
    assert text.replace("URL", "https://t.co/a").encode(charset or "ascii") == splice(content, edits)


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_byte_order_mark_gives_the_order_of_utf_16(mark: bytes) -> None:
    decoded = decode_text(mark + "é".encode("utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-16-be"), "utf-16")
    assert decoded is not None
    assert (decoded.text, decoded.has_valid_charset) == ("\ufeffé", True)


@pytest.mark.parametrize(
    ("content", "charset", "text"),
    [
        (b"\x93a\x94", "iso-8859-1", "\u201ca\u201d"),
        (b"\x81", "iso-8859-1", "\x81"),
        (b"\x87\x40", "shift_jis", "\u2460"),
        (b"\xe9F", "gb2312", "\u9555"),
        (b"\xa1", "windows-874", "\u0e01"),
        (b"\xe0", "ISO-8859-8-I", "\u05d0"),
    ],
)
def test_charset_is_decoded_like_in_mail_programs(content: bytes, charset: str, text: str) -> None:
    decoded = decode_text(content, charset)
    assert decoded is not None
    assert (decoded.text, decoded.has_valid_charset) == (text, True)
    assert decoded.text.encode(decoded.codec) == content


@pytest.mark.parametrize("charset", ["utf-16", "unicode", "utf-8", "us-ascii"])
def test_utf_16_without_name_or_mark_is_not_decoded(charset: str) -> None:
    for codec in ("utf-16-le", "utf-16-be"):
        assert decode_text("<a href='https://x.com/'>".encode(codec), charset) is None


def test_truncated_utf_16_is_not_decoded() -> None:
    assert decode_text("https://x.com/".encode("utf-16-le")[:-1], "utf-16-le") is None


@pytest.mark.parametrize(
    ("content", "charset"),
    [
        (b"\xe9", "utf-8"),
        (b"\xe9", "us-ascii"),
        (b"\xe9", "x-unknown"),
        (b"a", "a\0b"),
        (b"\x1b$B", "iso-2022-jp"),
        (b"a", "rot13"),
    ],
)
def test_unknown_charset_is_decoded_as_latin_1(content: bytes, charset: str) -> None:
    decoded = decode_text(content, charset)
    assert decoded is not None
    assert (content.decode("latin-1"), False) == (decoded.text, decoded.has_valid_charset)


@pytest.mark.parametrize("charset", ["utf-7", "UTF7", "punycode", "unicode_escape"])
def test_charset_that_hides_ascii_is_not_decoded(charset: str) -> None:
    assert decode_text(b"+ADw-a href", charset) is None
