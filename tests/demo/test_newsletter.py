import email
import re
from email.message import EmailMessage
from email.policy import default

import pytest

from clicktrail.demo.newsletter import build_newsletter

SITE = "http://127.0.0.1:8080"


@pytest.fixture
def message() -> EmailMessage:
    content = build_newsletter("ada@a.example", first_name="Ada", site_origin=SITE)
    return email.message_from_bytes(content, policy=default)


def get_body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return text


@pytest.mark.parametrize("kind", ["html", "plain"])
def test_both_parts_are_personalised(message: EmailMessage, kind: str) -> None:
    text = get_body(message, kind)
    assert "Dear Ada," in text
    assert "$" not in text


def test_html_part_has_links_of_every_kind(message: EmailMessage) -> None:
    links = [
        link for link in re.findall(r'<a [^>]*?href="([^"]+)"', get_body(message, "html")) if "mailto:" not in link
    ]
    assert len(links) >= 12
    assert [link for link in links if not link.startswith(f"{SITE}/")] == []
    assert any("&amp;" in link for link in links)
    assert any("utm_content=" in link for link in links)
    assert any("#" in link for link in links)


def test_text_part_has_links_of_the_html_part(message: EmailMessage) -> None:
    text_links = set(re.findall(r"http://[^\s>),]+", get_body(message, "plain")))
    html_links = {link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', get_body(message, "html"))}
    assert len(text_links) >= 10
    assert text_links <= html_links


def test_conditional_comments_are_closed_and_have_no_vml(message: EmailMessage) -> None:
    text = get_body(message, "html")
    assert text.count("<!--[if mso]>") == text.count("<![endif]-->")
    assert "<v:" not in text


def test_headers_have_campaign_recipient_and_unsubscribe_url(message: EmailMessage) -> None:
    assert message["X-Clicktrail-Campaign"] == "winter-letter"
    assert message["X-Clicktrail-Recipient"] == "ada@a.example"
    assert message["List-Unsubscribe"].startswith(f"<{SITE}/unsubscribe?reader=")


def test_message_is_reproducible() -> None:
    first = build_newsletter("ada@a.example", first_name="Ada", site_origin=SITE)
    assert first == build_newsletter("ada@a.example", first_name="Ada", site_origin=SITE)
    assert first != build_newsletter("bo@b.example", first_name="Bo", site_origin=SITE)
