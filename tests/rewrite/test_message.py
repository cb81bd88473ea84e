import base64
import dataclasses
import email
import email.policy
import quopri
import tracemalloc
from collections.abc import Callable
from email.message import EmailMessage
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.model.link import BodyType, LinkReason
from clicktrail.rewrite import NumberedLink, RewriteResult, SkipReason, rewrite_message
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.policy import PlainTextMode
from tests.support.rewriting import POLICY, REWRITER, build_rewriter, tracking_url
from tests.support.strategies import mime_soups

HTML = "<p>é <a href=\"https://x.com/?a=1&amp;b=é\">x</a> <a href='https://y.com/'>y</a></p>\n" * 3
TEXT = "é https://y.com/ and https://z.com/.\n"


def rewritten(raw: bytes) -> RewriteResult:
    return rewrite_message(raw, REWRITER)


def composed(*, encoding: str, charset: str = "utf-8", newline: str = "\r\n") -> bytes:
    """A message with text, HTML, and an attachment with links."""
    message = EmailMessage(policy=email.policy.SMTP.clone(linesep=newline))
    message["Subject"] = "Grüße"
    message["List-Unsubscribe"] = "<https://x.com/u>"
    message.set_content(TEXT, charset=charset, cte=encoding)
    message.add_alternative(HTML, subtype="html", charset=charset, cte=encoding)
    message.add_attachment(HTML, subtype="html", filename="a.html", cte=encoding)
    return message.as_bytes()


def contents(raw: bytes) -> list[tuple[str, str]]:
    """Content types and decoded contents of all parts, by the standard library."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    return [(part.get_content_type(), part.get_content()) for part in message.walk() if not part.is_multipart()]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1"])
@pytest.mark.parametrize("encoding", ["8bit", "quoted-printable", "base64"])
def test_both_bodies_are_rewritten_in_every_encoding(encoding: str, charset: str, newline: str) -> None:
    raw = composed(encoding=encoding, charset=charset, newline=newline)
    result = rewritten(raw)
    url = [
        tracking_url(NumberedLink(destination="", position=position, link_count=7, body_type=BodyType.HTML))
        for position in range(7)
    ]
    html = HTML
    for position in range(6):
        html = html.replace(["https://x.com/?a=1&amp;b=é", "https://y.com/"][position % 2], url[position], 1)
    expected = [
        ("text/plain", TEXT.replace("https://y.com/", url[1]).replace("https://z.com/", url[6])),
        ("text/html", html),
        ("text/html", HTML),
    ]
    assert [(kind, text.replace("\r\n", "\n")) for kind, text in contents(result.raw)] == expected
    assert (result.tracked_count, result.skip_reasons) == (7, ())
    assert raw.partition(b"Content-Type")[0] == result.raw.partition(b"Content-Type")[0]
    assert raw.count(b"\r") == 0 or result.raw.count(b"\r") == result.raw.count(b"\n")


@pytest.mark.parametrize("transfer", ["base64", "quoted-printable"])
@pytest.mark.parametrize(
    ("charset", "codec"), [("utf-16", "utf-16"), ("utf-16le", "utf-16-le"), ("UTF-16BE", "utf-16-be")]
)
def test_utf_16_is_rewritten(charset: str, codec: str, transfer: str) -> None:
    header = f"Content-Type: text/html; charset={charset}\nContent-Transfer-Encoding: {transfer}\n\n".encode()
    encode = base64.encodebytes if transfer == "base64" else quopri.encodestring
    result = rewritten(header + encode("é <a href='https://x.com/é'>x</a>".encode(codec)))
    (link,) = result.links
    assert (link.destination, result.skip_reasons) == ("https://x.com/é", ())
    message = email.message_from_bytes(result.raw)
    content = message.get_payload(decode=True)
    assert isinstance(content, bytes)
    assert content.decode(codec) == f"é <a href='{link.replacement}'>x</a>"


def test_query_is_decoded_with_the_charset() -> None:
    raw = "Content-Type: text/html; charset=windows-1252\n\n<a href='https://x.com/?q=é&r=%E9&s=&eacute;'>".encode(
        "cp1252"
    )
    (link,) = rewritten(raw).links
    assert link.destination == "https://x.com/?q=é&r=%E9&s=é"


def test_only_the_bytes_of_links_change() -> None:
    raw = b"X:  y \nCONTENT-type:Text/HTML\n\n\n<A hRef = https://x.com/ >\t\xff\r\n<!--[if mso]><a href='https://y.com/'>\n\n"
    result = rewrite_message(
        raw, build_rewriter(make_tracking_url=lambda p: f"https://go.example.com/{p.position}of{p.link_count}")
    )
    expected = raw.replace(b"https://x.com/ ", b"https://go.example.com/0of2 ")
    assert expected.replace(b"https://y.com/'", b"https://go.example.com/1of2'") == result.raw


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"no message https://x.com/", SkipReason.NOT_A_MESSAGE),
        (b"DKIM-Signature: a\nSubject: x\n\nhttps://x.com/", SkipReason.DKIM_SIGNED),
        (b"Content-Transfer-Encoding: uuencode\n\nhttps://x.com/", SkipReason.TRANSFER_ENCODING),
        (b"Content-Type: text/plain; charset=utf-7\n\nhttps://x.com/", SkipReason.CHARSET),
        (b"Content-Type: text/plain; charset=utf-8-sig\n\n\xef\xbb\xbfhttps://x.com/", SkipReason.CHARSET),
        *[
            (b"Content-Type: text/plain; charset=" + charset + b"\n\n" + text, SkipReason.CHARSET)
            for charset in (b"iso-2022-jp", b"us-ascii", b"utf-8", b"x-none", b"iso-2022-kr")
            for text in (
                b"\x1b$BF|\nhttps://x.com/\x1b(B",
                b"\x1b$BF|https://x.com/",
                b"\x1b$B<https://x.com/>\x1b(B",
                b"\x1b$BF|\r\nF|\x1b(Bhttps://x.com/",
                b"\x1b$BF| F|\x1b(Bhttps://x.com/",
                b"\x1b$BF\xfc\x1b(Bhttps://x.com/",
                b"https://x.com/ \x1b$*H\x1bN!!",
                b"\x1b$BF|\x1b(B https://x.com/a\x1b(Bb",
            )
        ],
        (b"Content-Type: text/plain; charset=hz-gb-2312\n\nhttps://x.com/ ~{VP", SkipReason.CHARSET),
        (b"Subject: x\n\n" + b"a" * 900 + b" https://x.com/", SkipReason.LINE_TOO_LONG),
    ],
)
def test_message_that_cannot_be_rewritten_is_unchanged(raw: bytes, reason: SkipReason) -> None:
    assert rewritten(raw) == RewriteResult(raw=raw, links=(), skip_reasons=(reason,))


def test_line_that_was_too_long_before_is_kept() -> None:
    raw = b"Subject: x\n\n" + b"a" * 999 + b" https://x.com/"
    assert rewritten(raw).tracked_count == 1


@pytest.mark.parametrize(
    ("declared", "expected_field"),
    [
        (b"", b"Content-Transfer-Encoding: quoted-printable\r\n"),
        (b"content-transfer-encoding:\r\n 8bit\r\n", b"Content-Transfer-Encoding: quoted-printable\r\n"),
        (b"Content-Transfer-Encoding: 7bit\r\n" * 2, b"Content-Transfer-Encoding: quoted-printable\r\n" * 2),
    ],
)
def test_body_with_a_line_grown_too_long_becomes_quoted_printable(declared: bytes, expected_field: bytes) -> None:
    body = b"\xe9" * 950 + b"<a href='https://y.com/'>\t\r\n"
    beginning = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n\xe9\r\n--b\r\n"
    head = b"Content-Type: text/html; charset=latin1\r\n"
    result = rewritten(beginning + head + declared + b"X: y\r\n\r\n" + body + b"\r\n--b--\r\n")
    assert (result.tracked_count, result.skip_reasons) == (1, ())
    start = beginning + head + (expected_field + b"X: y\r\n" if declared else b"X: y\r\n" + expected_field) + b"\r\n"
    assert start == result.raw[: len(start)]
    assert result.raw.endswith(b"\r\n--b--\r\n")
    assert max(map(len, result.raw.split(b"\r\n"))) <= 76
    url = tracking_url(NumberedLink(destination="", position=0, link_count=1, body_type=BodyType.HTML)).encode()
    encoded = result.raw.removeprefix(start).removesuffix(b"\r\n--b--\r\n")
    assert body.replace(b"https://y.com/", url) == quopri.decodestring(encoded)


def test_skipped_body_has_no_positions() -> None:
    raw = (
        b"Content-Type: multipart/alternative; boundary=b\n\n--b\n\nhttps://x.com/\n"
        b"--b\nContent-Type: text/plain; charset=utf-8-sig\n\n"
        b"\xef\xbb\xbfhttps://y.com/\n--b--\n"
    )
    result = rewritten(raw)
    assert result.skip_reasons == (SkipReason.CHARSET,)
    assert [link.destination for link in result.links] == ["https://x.com/"]
    assert b"\nhttps://go.example.com/p0of1xxx" in result.raw


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_url_over_flowed_lines_is_one_link(newline: bytes) -> None:
    raw = (
        b"MIME-Version: 1.0\nContent-Type: text/plain; format=flowed; delsp=yes\n\n"
        b"Our shop at https://x.com/a/long/ \npath.html is open  \nagain.\n> https://y.com/lo \n> ng\n-- \nhttps://z.com\n"
    ).replace(b"\n", newline)
    result = rewritten(raw)
    link, quoted, in_signature = result.links
    assert (link.destination, link.line) == ("https://x.com/a/long/path.html", 1)
    assert (quoted.reason, in_signature.reason) == (LinkReason.QUOTED, LinkReason.SIGNATURE)
    assert raw.replace(b"https://x.com/a/long/ " + newline + b"path.html", link.replacement.encode()) == result.raw


def test_destination_hosts_are_shown_in_an_encoded_text() -> None:
    raw = composed(encoding="base64")
    result = rewrite_message(
        raw, build_rewriter(policy=dataclasses.replace(POLICY, plain_text=PlainTextMode.SHOW_HOST))
    )
    urls = [link.replacement for link in result.links[:2]]
    text = contents(result.raw)[0][1].replace("\r\n", "\n")
    assert text == f"é {urls[0]} (y.com) and {urls[1]} (z.com).\n"


def test_ascii_links_are_tracked_in_an_unknown_charset() -> None:
    raw = b"Content-Type: text/html; charset=x-none\n\n\xe9<a href='https://x.com/'><a href='https://x.com/\xe9'>"
    result = rewritten(raw)
    assert [link.reason for link in result.links] == [LinkReason.TRACKED, LinkReason.CHARSET]
    assert b"\n\xe9<a href='https://go.example.com/p0of1" in result.raw


@given(st.binary())
def test_arbitrary_bytes_never_raise(raw: bytes) -> None:
    result = rewritten(raw)
    assert (result.tracked_count > 0) == (raw != result.raw)


@given(mime_soups())
def test_rewriting_a_message_twice_changes_nothing(soup: bytes) -> None:
    first = rewritten(soup)
    again = rewritten(first.raw)
    assert first.raw == again.raw
    if first.tracked_count and not first.skip_reasons:
        assert LinkReason.ALREADY_TRACKED in {link.reason for link in again.links}


def test_tagger_is_made_again_when_a_body_is_left_out() -> None:
    def make_tagger() -> Callable[[Candidate], str]:
        numbers = count(1)
        return lambda link: f"{link.url}?{next(numbers)}"

    raw = (
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8-sig\n\n"
        b"\xef\xbb\xbfhttps://x.com/\n--b\nContent-Type: text/plain\n\nhttps://y.com/\n--b--\n"
    )
    result = rewrite_message(raw, dataclasses.replace(REWRITER, make_url_tagger=make_tagger))
    assert (["https://y.com/?1"], (SkipReason.CHARSET,)) == (
        [link.destination for link in result.links],
        result.skip_reasons,
    )


def test_quoted_printable_with_overlong_lines_is_not_encoded_twice() -> None:
    head = b"MIME-Version: 1.0\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n"
    before, after = b"x" * 1500 + b"<a href=3D'", b"'>" + b"x" * 1500
    result = rewritten(head + before + b"https://x.com/" + after + b"\n").raw
    assert result.startswith(head + before)
    assert result.endswith(after + b"\n")


@pytest.mark.parametrize("encoding", ["8bit", "quoted-printable", "base64"])
def test_memory_is_at_most_three_times_the_message(encoding: str) -> None:
    paragraph = "<p>Winter boots, warm and dry</p>\n"
    body = (paragraph * 60 + '<a href="https://shop.example/boots">Boots</a>\n') * 2450
    encoded = {"quoted-printable": quopri.encodestring, "base64": base64.encodebytes}
    content = encoded[encoding](body.encode()) if encoding in encoded else body.encode()
    head = f"MIME-Version: 1.0\nContent-Type: text/html\nContent-Transfer-Encoding: {encoding}\n\n".encode()
    raw = head + content
    tracemalloc.start()
    try:
        assert rewritten(raw).tracked_count == 2450
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= 3 * len(raw)
