"""More links than `MAX_LINKS`: nothing is rewritten, with the reason."""

import pytest

from clicktrail.errors import TooManyLinksError
from clicktrail.model.link import BodyType
from clicktrail.rewrite import SkipReason, rewrite_html, rewrite_message, rewrite_text
from clicktrail.rewrite.candidate import MAX_ALL_URLS_BYTES, MAX_LINKS, MAX_URL_BYTES
from clicktrail.rewrite.document import rewrite_document
from clicktrail.tokens import SECRET_BYTES, Key, KeyRing
from clicktrail.tracking import Tracker
from tests.support.rewriting import REWRITER

TRACKER = Tracker(ring=KeyRing([Key(number=0, secret=b"k" * SECRET_BYTES)]), domain="https://links.example.com")
REASONS = (SkipReason.TOO_MANY_LINKS,)


def html(count: int) -> str:
    return "<a href=https://x.example/>" * count


def text(count: int) -> str:
    return "https://x.example/ " * count


def message(html_count: int, text_count: int) -> bytes:
    return (
        f"Content-Type: multipart/alternative; boundary=b\n\n--b\n\n{text(text_count)}\n"
        f"--b\nContent-Type: text/html\n\n{html(html_count)}\n--b--\n"
    ).encode()


@pytest.mark.parametrize(("html_count", "text_count"), [(MAX_LINKS + 1, 0), (0, MAX_LINKS + 1), (MAX_LINKS, 1)])
def test_message_with_too_many_links_is_unchanged(html_count: int, text_count: int) -> None:
    raw = message(html_count, text_count)
    result = rewrite_message(raw, REWRITER)
    assert (raw, (), REASONS) == (result.raw, result.links, result.skip_reasons)


def test_message_with_as_many_links_as_allowed_is_rewritten() -> None:
    result = rewrite_message(message(MAX_LINKS - 10, 10), REWRITER)
    assert (MAX_LINKS - 10, ()) == (result.tracked_count, result.skip_reasons)


@pytest.mark.parametrize(
    "body",
    [
        *("<a name=x>" * (MAX_LINKS + 1), "<area>" * (MAX_LINKS + 1), "<base>" * (MAX_LINKS + 1)),
        "<!--[if mso]>" + "<v:x href=https://x.example/>" * (MAX_LINKS + 1) + "<![endif]-->",
        "<a '" * 3 + "' x>" + html(MAX_LINKS + 1),
    ],
    ids=["anchors", "areas", "bases", "VML", "not simple"],
)
def test_tags_count_as_links(body: str) -> None:
    assert rewrite_html(body, REWRITER).skip_reasons == REASONS


def test_body_with_too_many_links_is_unchanged() -> None:
    for body, rewrite in ((html(MAX_LINKS + 1), rewrite_html), (text(MAX_LINKS + 1), rewrite_text)):
        result = rewrite(body, REWRITER)
        assert (body, (), REASONS) == (result.text, result.links, result.skip_reasons)


def test_body_with_too_many_bytes_of_urls_is_unchanged() -> None:
    url = "https://x.example/é".ljust(MAX_URL_BYTES - 1, "a")
    count = MAX_ALL_URLS_BYTES // MAX_URL_BYTES
    for link, rewrite in ((f"<a href='{url}'>", rewrite_html), (f"{url} ", rewrite_text)):
        assert len(rewrite(link * count, REWRITER).links) == count
        result = rewrite(link * (count + 1), REWRITER)
        assert (link * (count + 1), (), REASONS) == (result.text, result.links, result.skip_reasons)


def test_urls_that_are_too_long_are_not_counted() -> None:
    body = f"<a href='https://x.example/{'a' * MAX_URL_BYTES}'>" * 600
    assert rewrite_html(body, REWRITER).skip_reasons == ()


@pytest.mark.parametrize("body_type", [BodyType.HTML, BodyType.TEXT])
def test_file_with_too_many_links_is_unchanged(body_type: BodyType) -> None:
    content = (html if body_type is BodyType.HTML else text)(MAX_LINKS + 1).encode()
    result = rewrite_document(content, body_type, REWRITER)
    assert (content, REASONS) == (result.raw, result.skip_reasons)


def test_campaign_with_too_many_links_is_refused() -> None:
    with pytest.raises(TooManyLinksError, match="more than 10,000 links"):
        TRACKER.compile(html=html(MAX_LINKS), text=text(1))


def test_long_base_url_is_not_used() -> None:
    (link,) = rewrite_html(f"<base href=https://x.example/{'a' * 4_000}/><a href=b>", REWRITER).links
    assert link.reason == "relative"


@pytest.mark.parametrize("reference", ["&#" + "1" * 5_000, "&#" + "0" * 5_000 + "65;", "&#x" + "1" * 5_000])
def test_long_character_reference_in_a_label(reference: str) -> None:
    (link,) = rewrite_html(f"<a href=https://x.example/>{reference}</a>", REWRITER).links
    assert link.label == ("A" if "65" in reference else "\ufffd")


@pytest.mark.parametrize(
    ("image", "label"),
    [
        ("<img title=x><img alt=y>", "y"),
        ('<img alt=><img\nALT = "z">', "z"),
        ("<img" * 20, ""),
    ],
)
def test_alternative_text(image: str, label: str) -> None:
    (link,) = rewrite_html(f"<a href=https://x.example/>{image}</a>", REWRITER).links
    assert link.label == label
