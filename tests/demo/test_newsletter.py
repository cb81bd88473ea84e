"""The newsletter."""

import email
import re
from email.message import EmailMessage
from email.policy import default

import pytest

from clicktrail.demo.newsletter import build_newsletter

SITE = "http://127.0.0.1:8080"


@pytest.fixture
def message() -> EmailMessage:
    """Give the letter to Ada, read back from its bytes."""
    content = build_newsletter("ada@a.example", first_name="Ada", site_origin=SITE)
    return email.message_from_bytes(content, policy=default)


def body(message: EmailMessage, kind: str) -> str:
    """Give the text of the part of one kind."""
    part = message.get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return text


@pytest.mark.parametrize("kind", ["html", "plain"])
def test_both_parts_greet_the_reader_and_leave_no_placeholder(message: EmailMessage, kind: str) -> None:
    text = body(message, kind)
    assert "Dear Ada," in text
    assert "$" not in text


def test_the_html_part_has_the_links_of_a_real_newsletter(message: EmailMessage) -> None:
    links = [link for link in re.findall(r'<a [^>]*?href="([^"]+)"', body(message, "html")) if "mailto:" not in link]
    assert len(links) >= 12
    assert [] == [link for link in links if not link.startswith(f"{SITE}/")]
    assert any("&amp;" in link for link in links)
    assert any("utm_content=" in link for link in links)
    assert any("#" in link for link in links)


def test_the_text_part_leads_to_the_same_pages(message: EmailMessage) -> None:
    in_text = set(re.findall(r"http://[^\s>),]+", body(message, "plain")))
    in_html = {link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', body(message, "html"))}
    assert len(in_text) >= 10
    assert set() == in_text - in_html


def test_outlook_gets_its_own_lines(message: EmailMessage) -> None:
    text = body(message, "html")
    assert text.count("<!--[if mso]>") == text.count("<![endif]-->")
    assert "<v:" not in text


def test_headers_name_campaign_recipient_and_the_way_out(message: EmailMessage) -> None:
    assert "winter-letter" == message["X-Clicktrail-Campaign"]
    assert "ada@a.example" == message["X-Clicktrail-Recipient"]
    assert message["List-Unsubscribe"].startswith(f"<{SITE}/unsubscribe?reader=")


def test_the_same_letter_is_the_same_bytes() -> None:
    first = build_newsletter("ada@a.example", first_name="Ada", site_origin=SITE)
    assert first == build_newsletter("ada@a.example", first_name="Ada", site_origin=SITE)
    assert first != build_newsletter("bo@b.example", first_name="Bo", site_origin=SITE)
