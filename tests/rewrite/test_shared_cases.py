"""The inputs of ../shared/cases/rewrite behave as its README says."""

import re
from datetime import UTC, datetime

import pytest

from clicktrail.model.link import LinkReason
from clicktrail.rewrite import rewrite_html, rewrite_message, rewrite_text
from clicktrail.rewrite.dkim import remove_own_signatures, sign
from clicktrail.utm.tag import add_utm_parameters
from tests.support.dkim_keys import RSA_KEY, is_signature_valid
from tests.support.paths import CASES
from tests.support.rewriting import build_rewriter

FOLDER = CASES / "rewrite"
REWRITER = build_rewriter(tag_url=lambda link: add_utm_parameters(link.url, {"utm_source": "email"}, ["*"]))

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the cases are not at {FOLDER}")


def reasons(name: str) -> list[LinkReason]:
    html = (FOLDER / name).read_text("utf-8")
    result = rewrite_html(html, REWRITER)
    assert (result.text == html) is not any(link.is_tracked for link in result.links)
    return [link.reason for link in result.links]


@pytest.mark.parametrize(
    "name",
    [
        *["08-nhost-2314-ticket.html", "09-postal-2568-keycloak.html", "18-nestjs-12-signed-param.html"],
        *["19-wp-sparkpost-49-wp-reset.html", "41-postal-1040-lost-password.html"],
    ],
)
def test_secret_and_signed_links_are_left(name: str) -> None:
    assert set(reasons(name)) == {LinkReason.SENSITIVE}


@pytest.mark.parametrize(
    "name",
    [
        *["04-mailtrain-24-single-bracket-tag.html", "05-mjml-664-single-brace-encoded.html"],
        "32-premailer-321-dollar-brace-encoded.html",
    ],
)
def test_merge_tags_are_left(name: str) -> None:
    lines = (FOLDER / name).read_text("utf-8").splitlines()
    assert reasons(name) == [LinkReason.TRACKED if "real brackets" in line else LinkReason.MERGE_TAG for line in lines]


def test_signed_links_get_no_parameters() -> None:
    sensitive = [index for index, reason in enumerate(reasons("B19-utm.html")) if reason is not LinkReason.TRACKED]
    assert sensitive == [0, 1, 10, 11]


def test_requests_to_unsubscribe_are_left_in_17_languages() -> None:
    assert reasons("B23-unsub-languages.html") == [LinkReason.UNSUBSCRIBE] * 17


def test_named_text_behind_the_body_is_an_attachment() -> None:
    raw = (FOLDER / "31-mailparser-125-named-text.eml").read_bytes()
    result = rewrite_message(raw, REWRITER)
    (link,) = result.links
    assert link.href == "https://www.example.com/body"
    assert result.raw == raw.replace(b"https://www.example.com/body", link.replacement.encode())
    assert result.skip_reasons == ()


def test_message_with_a_lone_carriage_return_is_signed_as_it_is_sent() -> None:
    unsigned, keys = remove_own_signatures((FOLDER / "B29-lone-cr-dkim.eml").read_bytes(), [RSA_KEY])
    result = rewrite_message(unsigned, REWRITER)
    assert (result.tracked_count, keys) == (1, (RSA_KEY,))
    signed = sign(result.raw, RSA_KEY, signed_at=datetime(2026, 12, 1, tzinfo=UTC))
    assert is_signature_valid(signed)
    assert is_signature_valid(re.sub(rb"\r\n|\r|\n", b"\r\n", signed))


def test_links_behind_iso_2022_jp_without_charset_are_tracked() -> None:
    raw = (FOLDER / "26-zammad-6144-iso2022jp-no-charset-html.eml").read_bytes()
    result = rewrite_message(raw, REWRITER)
    assert [link.href for link in result.links] == ["https://www.example.com/a", "https://www.example.com/b"]
    for link in result.links:
        raw = raw.replace(link.href.encode() + b'"', link.replacement.encode() + b'"')
    assert result.raw == raw


def test_action_for_gmail_is_left() -> None:
    assert reasons("14-mailgun-tpl-1-confirm-action.html") == [LinkReason.ACTION]


def test_quoted_reply_is_left() -> None:
    assert reasons("B12-quoted-reply.html") == [LinkReason.TRACKED, LinkReason.QUOTED]


def text_links(name: str) -> list[tuple[str, LinkReason]]:
    result = rewrite_text((FOLDER / name).read_text("utf-8"), REWRITER)
    return [(link.href, link.reason) for link in result.links]


def test_urls_with_a_comma_between_are_two_links() -> None:
    assert text_links("42-autolinkjava-34-commas.txt") == [
        ("https://www.example.com", LinkReason.INVALID),
        ("https://shop.example.net", LinkReason.TRACKED),
        ("http://a.example.com", LinkReason.INVALID),
    ]


def test_urls_in_other_urls_are_left() -> None:
    assert [reason for _, reason in text_links("B03-foreign-scheme-around-url.txt")] == [LinkReason.EMBEDDED] * 10
