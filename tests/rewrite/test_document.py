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


def rewritten(content: bytes, part: BodyType = BodyType.HTML) -> RewriteResult:
    """A file with tracking URLs."""
    return rewrite_document(content, part, REWRITER)


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
def test_a_file_is_read_in_its_charset(content: bytes, codec: str) -> None:
    seen = decode_document(content, BodyType.HTML)
    assert seen is not None
    assert (codec, True) == (seen.codec, seen.has_valid_charset)

    result = rewritten(content)

    (link,) = result.links
    assert "https://example.com/ü" == link.destination
    assert seen.text.replace("https://example.com/ü", link.replacement).encode(codec) == result.raw


def test_a_link_of_unknown_characters_is_left_alone() -> None:
    assert [LinkReason.CHARSET] == [link.reason for link in rewritten(HTML.encode("latin-1")).links]


def test_a_charset_that_hides_ascii_is_not_read() -> None:
    content = b'<meta charset="utf-7"><a href="https://example.com/">A</a>'

    assert RewriteResult(raw=content, links=(), skip_reasons=(SkipReason.CHARSET,)) == rewritten(content)


def test_text_has_no_meta() -> None:
    result = rewritten("<meta charset=utf-7> é https://example.com/".encode(), BodyType.TEXT)

    assert ["https://example.com/"] == [link.destination for link in result.links]


def test_rewrites_html() -> None:
    html = "<a href='https://x.com/?a&amp;b'>x</a> <A HREF = https://y.com>y <a href=mailto:a@b>"
    result = rewrite_html(html, build_rewriter(make_tracking_url=lambda p: f"https://go.example.com/{p.position}"))
    assert (
        "<a href='https://go.example.com/0'>x</a> <A HREF = https://go.example.com/1>y <a href=mailto:a@b>"
        == result.text
    )
    assert ["https://x.com/?a&b", "https://y.com", ""] == [link.destination for link in result.links]


def test_rewrites_text() -> None:
    result = rewrite_text(
        "See https://x.com/a.\n> https://y.com\n",
        build_rewriter(make_tracking_url=lambda p: f"https://go.example.com/{p.position}"),
    )
    assert "See https://go.example.com/0.\n> https://y.com\n" == result.text


@given(html_soups())
def test_html_outside_of_tracked_links_stays(soup: str) -> None:
    result = rewrite_html(soup, REWRITER)
    assert replace_links(soup, result.links) == result.text


@given(html_soups())
def test_rewritten_html_has_the_same_links_in_the_same_places(soup: str) -> None:
    result = rewrite_html(soup, REWRITER)
    again = rewrite_html(result.text, REWRITER)
    assert [link.replacement or link.href for link in result.links] == [link.href for link in again.links]
    assert result.text == again.text


@given(text_soups())
def test_text_outside_of_tracked_links_stays(soup: str) -> None:
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
def test_without_consent_links_stay_plain_and_get_their_utm_parameters(href: str, written: str) -> None:
    result = rewrite_html(
        f"<a href={href}>", build_rewriter(policy=POLICY.for_consent(Consent.DENIED), tag_url="{0.url}&utm".format)
    )
    assert f"<a href={written}>" == result.text
    assert [False] == [link.is_tracked for link in result.links]


TEXT = "Grüße 😀: https://example.com/ä und https://example.com/b, mailto:x"


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le"])
def test_links_of_a_file_are_found_at_their_bytes(codec: str) -> None:
    content = ("\ufeff" + TEXT).encode(codec)
    links = rewrite_document(content, BodyType.TEXT, REWRITER).links

    found = locate_links_in_document(content, BodyType.TEXT, links)

    assert ["https://example.com/ä", "https://example.com/b"] == [
        content[each.start : each.end].decode(codec) for each in found
    ]


@pytest.mark.parametrize(("charset", "encoding"), [("utf-8", "8bit"), ("utf-8", "base64"), ("iso-2022-jp", "7bit")])
def test_links_of_a_message_are_found_in_their_decoded_bodies(charset: str, encoding: str) -> None:
    text = "日本 https://example.com/a 語 https://example.com/b 日本".encode(charset)
    body = base64.encodebytes(text) if encoding == "base64" else text
    head = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
    raw = b"\r\n".join(
        [b"Content-Type: multipart/mixed; boundary=x\r\n", b"--x", head + body, b"--x", head + body, b"--x--", b""]
    )
    links = rewrite_message(raw, REWRITER).links

    contents = [content or b"" for _, content in decode_bodies(raw)]

    spans = [contents[each.link.body_index][each.start : each.end] for each in locate_links_in_message(raw, links)]
    assert [b"https://example.com/a", b"https://example.com/b"] * 2 == spans
    assert locate_links_in_message(raw, links) == locate_links_in_message(b"DKIM-Signature: v=1\r\n" + raw, links)
