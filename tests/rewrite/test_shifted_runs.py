"""Characters of ISO-2022 and HZ, whose bytes are those of ASCII, hide no link."""

import base64
import email
import quopri
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.model.link import BodyType, LinkReason
from clicktrail.rewrite import RewriteResult, SkipReason, rewrite_message
from clicktrail.rewrite.document import locate_links_in_message, rewrite_document
from clicktrail.rewrite.shifted_runs import MAX_SHIFTS
from tests.support.rewriting import REWRITER

ISO_2022 = [
    "会議資料の".encode("iso2022_jp"),
    "会議①".encode("iso2022_jp_3"),
    "ｶﾅ漢字".encode("iso2022_jp_ext"),
    b"\x1b$@3t<0\x1b(J",
    b"\x1b$(D0!\x1b(B",
    b"\x1b$B<a\x1b$A<a\x1b(I<a\x1b(B",
    b"\x1b$B-!\x1b(B",
    b"\x1b$B\x1b(B",
    b"\x1b$B<a\r\n\x1b$B<a \r\n\t\x1b(B",
    b"\x1b(J",
    "한국".encode("iso2022_kr"),
    b"\x1b$)A\x0e<a\x0f",
    b"\x1b$)A\x0e\x1b$)G<a\x0f",
    b"\x1b$)C\x0e<a\x1b$)A<b\x0f\x0f",
]
HZ = ["汉字".encode("hz"), b"~{<a~}", b"~{<a=~~}", b"~{~}"]
CHARSETS = ["", "us-ascii", "utf-8", "iso-8859-1", "shift_jis", "gb2312", "x-none", "iso-2022-jp", "iso-2022-kr", "hz"]
TRANSFER_ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "7bit": bytes,
    "base64": base64.encodebytes,
    "quoted-printable": quopri.encodestring,
}


def compose(content: bytes, charset: str, *, subtype: str = "html", encoding: str = "7bit") -> bytes:
    declared = f"; charset={charset}" if charset else ""
    fields = f"Content-Type: text/{subtype}{declared}\nContent-Transfer-Encoding: {encoding}\n\n"
    return fields.encode() + TRANSFER_ENCODINGS[encoding](content)


def check_only_links_differ(content: bytes, result: RewriteResult, urls: Sequence[str]) -> None:
    assert [link.href for link in result.links if link.is_tracked] == list(urls)
    assert result.skip_reasons == ()
    for link in result.links:
        content = content.replace(link.href.encode() + b">", link.replacement.encode() + b">", 1)
    assert email.message_from_bytes(result.raw).get_payload(decode=True) == content


@pytest.mark.parametrize("charset", [*CHARSETS, "iso-2022-cn", "hz-gb-2312"])
@pytest.mark.parametrize("shifted", [*ISO_2022, *HZ])
def test_links_between_shifted_characters_are_replaced_in_place(shifted: bytes, charset: str) -> None:
    pieces = [b"<p>", b"<a href=https://x.com/a>", b"</a>", b"<b>~</b>\r\n", b"<a href=https://x.com/b>y</a>"]
    html = f"<meta charset='{charset}'>".encode() + shifted.join(pieces)
    for encoding in TRANSFER_ENCODINGS:
        result = rewrite_message(compose(html, charset, encoding=encoding), REWRITER)
        check_only_links_differ(html, result, ["https://x.com/a", "https://x.com/b"])
    document = rewrite_document(html, BodyType.HTML, REWRITER)
    assert [link.href for link in document.links] == ["https://x.com/a", "https://x.com/b"]


japanese = st.text("会議資料の①漢字カナab ", max_size=9).map(lambda text: text.encode("iso2022_jp_3"))
korean = st.text("한국어", max_size=9).map(lambda text: text.encode("euc_kr").translate(bytes(range(128)) * 2))


@given(
    st.lists(
        st.sampled_from([*ISO_2022, b"\r\n", b"~{", b"LINK"])
        | japanese
        | korean.map(lambda characters: b"\x1b$)C\x0e" + characters + b"\x0f")
    ),
    st.sampled_from(CHARSETS[:-1]),
)
def test_every_link_is_tracked_between_any_characters(pieces: list[bytes], charset: str) -> None:
    urls = [f"https://x.com/?{number}" for number in range(pieces.count(b"LINK"))]
    html = b"<br>".join(pieces)
    for url in urls:
        html = html.replace(b"LINK", f"<a href={url}>".encode(), 1)
    check_only_links_differ(html, rewrite_message(compose(html, charset), REWRITER), urls)


@pytest.mark.parametrize("charset", CHARSETS)
def test_labels_are_read_in_every_declared_charset(charset: str) -> None:
    label = "配信停止はこちら"
    result = rewrite_message(compose(b"<a href=https://x.com/>" + label.encode("iso2022_jp"), charset), REWRITER)
    assert [(link.reason, link.label) for link in result.links] == [(LinkReason.UNSUBSCRIBE, label)]


def test_link_with_shifted_characters_is_reported_alone() -> None:
    text = "https://x.com/日。 https://y.com/ 日本 https://z.com日本".encode("iso2022_jp")
    raw = compose(text, "iso-2022-jp", subtype="plain")
    result = rewrite_message(raw, REWRITER)
    assert [link.reason for link in result.links] == [LinkReason.CHARSET, LinkReason.TRACKED, LinkReason.TRACKED]
    spans = [text[span.start : span.end] for span in locate_links_in_message(raw, result.links)]
    assert spans == ["https://x.com/日。".encode("iso2022_jp"), b"https://y.com/", b"https://z.com"]
    for link in result.links[1:]:
        raw = raw.replace(link.href.encode(), link.replacement.encode())
    assert result.raw == raw


@pytest.mark.parametrize("end", [b"", b"\r\n", b"\r\n\r\n "])
def test_characters_may_be_the_end_of_a_body(end: bytes) -> None:
    html = b"<a href=https://x.com/>\x1b$B<a" + end
    check_only_links_differ(html, rewrite_message(compose(html, "iso-2022-jp"), REWRITER), ["https://x.com/"])


def test_undeclared_hz_hides_no_url() -> None:
    result = rewrite_message(b"Subject: x\n\n~{https://x.com/a~} ~{ https://y.com/ ~}", REWRITER)
    assert [link.reason for link in result.links] == [LinkReason.TRACKED, LinkReason.TRACKED]


def test_terminal_sequences_are_text() -> None:
    text = b"\x1b[1m\x1b(B https://x.com/ \x0e\x1bN\x0f\x1b(0 https://y.com/ \x1b[m"
    result = rewrite_message(b"Subject: x\n\n" + text, REWRITER)
    assert [link.href for link in result.links if link.is_tracked] == ["https://x.com/", "https://y.com/"]


def test_message_with_too_many_switches_is_not_rewritten() -> None:
    run = "日".encode("iso2022_jp")
    link = b"<a href=https://x.com/>"
    part = b"--b\nContent-Type: text/html\n\n" + link + run * (MAX_SHIFTS // 4) + b"\n"
    head = b"Content-Type: multipart/mixed; boundary=b\n\n"
    allowed = rewrite_message(head + part * 2, REWRITER)
    excessive = rewrite_message(head + part * 2 + b"--b\nContent-Type: text/html\n\n" + run + link, REWRITER)
    assert (allowed.tracked_count, allowed.skip_reasons) == (2, ())
    assert (excessive.tracked_count, excessive.skip_reasons) == (2, (SkipReason.CHARSET,))
