import base64

import pytest
from hypothesis import given

from clicktrail.model.consent import Consent
from clicktrail.model.link import BodyType, LinkReason
from clicktrail.rewrite import SkipReason, rewrite_html, rewrite_message, rewrite_text
from clicktrail.rewrite.document import (
    decode_bodies,
    decode_document,
    locate_links_in_document,
    locate_links_in_message,
    rewrite_document,
)
from clicktrail.rewrite.message import RewriteResult
from tests.support.rewriting import POLICY, REWRITER, build_rewriter, replace_links
from tests.support.strategies import html_soups, text_soups

HTML = '<p title="é"><a href="https://example.com/ü">Ä</a>'


def rewritten(content: bytes, body_type: BodyType = BodyType.HTML) -> RewriteResult:
    return rewrite_document(content, body_type, REWRITER)


@pytest.mark.parametrize(
    ("content", "codec"),
    [
        (HTML.encode(), "utf-8"),
        (HTML.encode("utf-8-sig"), "utf-8"),
        (("\ufeff" + HTML).encode("utf-16-le"), "utf-16-le"),
        (("\ufeff" + HTML).encode("utf-16-be"), "utf-16-be"),
        (f'<meta charset="iso-8859-1">{HTML}'.encode("latin-1"), "cp1252"),
        (f'<META http-equiv=x content="text/html; charset=windows-1252">{HTML}'.encode("cp1252"), "cp1252"),
        (f"<meta charset=utf-16le>{HTML}".encode(), "utf-8"),
    ],
)
def test_file_is_decoded_in_its_charset(content: bytes, codec: str) -> None:
    decoded = decode_document(content, BodyType.HTML)
    assert decoded is not None
    assert (decoded.codec, decoded.has_valid_charset) == (codec, True)

    result = rewritten(content)

    (link,) = result.links
    assert link.destination == "https://example.com/ü"
    assert decoded.text.replace("https://example.com/ü", link.replacement).encode(codec) == result.raw


def test_link_with_undecodable_characters_is_untracked() -> None:
    assert [link.reason for link in rewritten(HTML.encode("latin-1")).links] == [LinkReason.CHARSET]


def test_file_in_a_charset_that_hides_ascii_is_unchanged() -> None:
    content = b'<meta charset="utf-7"><a href="https://example.com/">A</a>'

    assert rewritten(content) == RewriteResult(raw=content, links=(), skip_reasons=(SkipReason.CHARSET,))


def test_meta_element_in_plain_text_is_ignored() -> None:
    result = rewritten("<meta charset=utf-7> é https://example.com/".encode(), BodyType.TEXT)

    assert [link.destination for link in result.links] == ["https://example.com/"]


def test_html_is_rewritten() -> None:
    html = "<a href='https://x.com/?a&amp;b'>x</a> <A HREF = https://y.com>y <a href=mailto:a@b>"
    result = rewrite_html(html, build_rewriter(make_tracking_url=lambda p: f"https://go.example.com/{p.position}"))
    assert (
        result.text
        == "<a href='https://go.example.com/0'>x</a> <A HREF = https://go.example.com/1>y <a href=mailto:a@b>"
    )
    assert [link.destination for link in result.links] == ["https://x.com/?a&b", "https://y.com", ""]


def test_text_is_rewritten() -> None:
    result = rewrite_text(
        "See https://x.com/a.\n> https://y.com\n",
        build_rewriter(make_tracking_url=lambda p: f"https://go.example.com/{p.position}"),
    )
    assert result.text == "See https://go.example.com/0.\n> https://y.com\n"


@given(html_soups())
def test_html_outside_tracked_links_is_unchanged(soup: str) -> None:
    result = rewrite_html(soup, REWRITER)
    assert replace_links(soup, result.links) == result.text


@given(html_soups())
def test_rewriting_html_twice_changes_nothing(soup: str) -> None:
    result = rewrite_html(soup, REWRITER)
    again = rewrite_html(result.text, REWRITER)
    assert [link.replacement or link.href for link in result.links] == [link.href for link in again.links]
    assert result.text == again.text


@given(text_soups())
def test_text_outside_tracked_links_is_unchanged(soup: str) -> None:
    result = rewrite_text(soup, REWRITER)
    assert replace_links(soup, result.links) == result.text


@pytest.mark.parametrize(
    ("href", "written"),
    [
        ("'https://x.com/?a&amp;b'", "'https://x.com/?a&amp;b&amp;utm'"),
        ("https://x.com/?a", "https://x.com/?a&amp;utm"),
        ('"https://x.com/?\'é b"', '"https://x.com/?&#39;&#233;&#32;b&amp;utm"'),
        ("mailto:a@b", "mailto:a@b"),
    ],
)
def test_links_without_consent_get_only_utm_parameters(href: str, written: str) -> None:
    result = rewrite_html(
        f"<a href={href}>", build_rewriter(policy=POLICY.for_consent(Consent.DENIED), tag_url="{0.url}&utm".format)
    )
    assert result.text == f"<a href={written}>"
    assert [link.is_tracked for link in result.links] == [False]


TEXT = "Grüße 😀: https://example.com/ä und https://example.com/b, mailto:x"


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le"])
def test_links_of_a_file_are_located_in_bytes(codec: str) -> None:
    content = ("\ufeff" + TEXT).encode(codec)
    links = rewrite_document(content, BodyType.TEXT, REWRITER).links

    byte_ranges = locate_links_in_document(content, BodyType.TEXT, links)

    assert [content[byte_range.start : byte_range.end].decode(codec) for byte_range in byte_ranges] == [
        "https://example.com/ä",
        "https://example.com/b",
    ]


@pytest.mark.parametrize(("charset", "encoding"), [("utf-8", "8bit"), ("utf-8", "base64"), ("iso-2022-jp", "7bit")])
def test_links_of_a_message_are_located_in_decoded_bodies(charset: str, encoding: str) -> None:
    text = "日本 https://example.com/a 語 https://example.com/b 日本".encode(charset)
    body = base64.encodebytes(text) if encoding == "base64" else text
    head = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
    raw = b"\r\n".join(
        [b"Content-Type: multipart/mixed; boundary=x\r\n", b"--x", head + body, b"--x", head + body, b"--x--", b""]
    )
    links = rewrite_message(raw, REWRITER).links

    contents = [content or b"" for _, content in decode_bodies(raw)]

    spans = [
        contents[byte_range.link.body_index][byte_range.start : byte_range.end]
        for byte_range in locate_links_in_message(raw, links)
    ]
    assert spans == [b"https://example.com/a", b"https://example.com/b"] * 2
    assert locate_links_in_message(raw, links) == locate_links_in_message(b"DKIM-Signature: v=1\r\n" + raw, links)
