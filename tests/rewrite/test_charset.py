import codecs

import pytest

from clicktrail.model.link import Link, LinkReason, Part
from clicktrail.rewrite.charset import byte_edits, view
from clicktrail.rewrite.splice import splice

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
    """A tracked link where the text says URL."""
    start = text.index("URL")
    return Link(part=Part.HTML, start=start, end=start + 3, href="URL", reason=LinkReason.TRACKED, url=url)


@pytest.mark.parametrize("charset", TEXTS)
def test_splices_in_every_charset(charset: str) -> None:
    """The link changes, and the rest stays the same bytes."""
    text = TEXTS[charset]
    content = text.encode(charset or "ascii")
    seen = view(content, charset)
    assert seen is not None
    assert (text, True) == (seen.text, seen.legible)
    edits = byte_edits(content, seen, [link(text, "https://t.co/a")])
    assert edits is not None
    assert text.replace("URL", "https://t.co/a").encode(charset or "ascii") == splice(content, edits)


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_the_mark_tells_the_byte_order_of_utf_16(mark: bytes) -> None:
    """The mark stays a character of the text."""
    seen = view(mark + "é".encode("utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-16-be"), "utf-16")
    assert seen is not None
    assert ("\ufeffé", True) == (seen.text, seen.legible)


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
def test_a_charset_is_read_as_mail_programs_read_it(content: bytes, charset: str, text: str) -> None:
    """Some names are given to what is beyond them, and some are not Python's."""
    seen = view(content, charset)
    assert seen is not None
    assert (text, True) == (seen.text, seen.legible)
    assert content == seen.text.encode(seen.codec)


@pytest.mark.parametrize("charset", ["utf-16", "unicode", "utf-8", "us-ascii"])
def test_utf_16_without_its_name_or_mark_is_not_read(charset: str) -> None:
    """Read as anything else, its URLs would have a NUL between any two letters."""
    for codec in ("utf-16-le", "utf-16-be"):
        assert view("<a href='https://x.com/'>".encode(codec), charset) is None


def test_utf_16_that_is_cut_off_is_not_read() -> None:
    """Half a character is left over."""
    assert view("https://x.com/".encode("utf-16-le")[:-1], "utf-16-le") is None


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
def test_unknown_charsets_are_read_as_latin_1(content: bytes, charset: str) -> None:
    """Nobody knows what is written there, except for ASCII."""
    seen = view(content, charset)
    assert seen is not None
    assert (content.decode("latin-1"), False) == (seen.text, seen.legible)


@pytest.mark.parametrize("charset", ["utf-7", "UTF7", "punycode", "unicode_escape"])
def test_charsets_that_hide_ascii_are_not_read(charset: str) -> None:
    """Not even a tag could be found in them."""
    assert view(b"+ADw-a href", charset) is None
