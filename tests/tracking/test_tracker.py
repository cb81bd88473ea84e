import dataclasses
import html
import re
from datetime import UTC, datetime
from importlib import resources

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from clicktrail.errors import ClicktrailError, SettingsError
from clicktrail.model.consent import Consent, UnknownConsentAction
from clicktrail.model.link import BodyType, LinkReason
from clicktrail.rewrite import Policy, SkipReason
from clicktrail.rewrite.dkim import DkimKey, remove_own_signatures, sign
from clicktrail.rewrite.sensitive import parse_sensitive_rules
from clicktrail.tokens import (
    MAX_LINKS,
    SECRET_BYTES,
    Key,
    KeyRing,
    SealedLink,
    SealedMessage,
    open_campaign_token,
    open_token,
)
from clicktrail.tracking import MessageMetadata, Tracker
from clicktrail.tracking.tracker import parse_tracking_domain
from clicktrail.utm import Convention
from tests.support.dkim_keys import RSA_KEY, is_signature_valid

NOW = datetime(2026, 11, 23, 12, 0, 1, tzinfo=UTC)
RING = KeyRing([Key(number=0, secret=b"k" * SECRET_BYTES)])
TRACKER = Tracker(
    ring=RING,
    domain="https://links.example.com/",
    convention=Convention(source="email", medium="newsletter", own_hosts=("example.com",)),
)
SENDING = MessageMetadata(message_id="m1", sent_at=NOW, recipient="person-17", campaign="winter")
DKIM_KEY = DkimKey(
    domain="example.com", selector="s", private_key=Ed25519PrivateKey.from_private_bytes(b"k" * SECRET_BYTES)
)
MESSAGE = b"From: a@example.com\r\nSubject: A\r\n\r\nhttps://example.com/a\r\n"
HTML = '<a href="https://example.com/a">A</a>'


def opened(text: str) -> list[SealedLink]:
    """What the links of a text lead to."""
    return [open_token(RING, token) for token in re.findall(r"https://links\.example\.com/([\w-]+)", text)]


def sealed(destination: str) -> SealedLink:
    """The only link of message m1."""
    return SealedLink(
        destination=destination,
        message_id="m1",
        recipient="person-17",
        campaign="winter",
        position=0,
        link_count=1,
        sent_at=NOW,
    )


def test_html_text_and_messages_are_tracked_alike() -> None:
    body = TRACKER.rewrite_html(HTML, SENDING)
    text = TRACKER.rewrite_text("https://example.com/a", SENDING)
    raw = f"Content-Type: text/html\r\n\r\n{HTML}".encode()
    message = TRACKER.rewrite_message(raw, SENDING)

    file = TRACKER.rewrite_document(HTML.encode(), BodyType.HTML, SENDING)

    expected = sealed("https://example.com/a?utm_source=email&utm_medium=newsletter&utm_campaign=winter")
    assert [expected] * 4 == opened(f"{body.text} {text.text} {message.raw.decode()} {file.raw.decode()}")


def test_a_message_passes_that_the_rules_call_sensitive() -> None:
    rules = parse_sensitive_rules(
        (resources.files("clicktrail.rewrite") / "data" / "sensitive.toml").read_text("utf-8")
    )
    careful = dataclasses.replace(TRACKER, sensitive_rules=rules)
    reset, of_stream = MESSAGE.replace(b"A\r\n\r", b"Reset your password\r\n\r"), "password-reset"
    by_stream = careful.rewrite_message(MESSAGE, replace(SENDING, stream=of_stream))
    assert [(MESSAGE, (SkipReason.SENSITIVE,)), (reset, (SkipReason.SENSITIVE,))] == [
        (done.raw, done.skip_reasons) for done in (by_stream, careful.rewrite_message(reset, SENDING))
    ]
    assert [1, 1] == [
        careful.rewrite_message(MESSAGE, SENDING).tracked_count,
        TRACKER.rewrite_message(reset, SENDING).tracked_count,
    ]


def test_without_a_convention_destinations_stay_as_they_are() -> None:
    tracker = Tracker(ring=RING, domain="https://links.example.com")

    (link,) = tracker.rewrite_html(HTML, SENDING).links

    assert "https://example.com/a" == link.destination


def test_its_own_links_are_not_tracked_again() -> None:
    once = TRACKER.rewrite_html(HTML, SENDING).text
    twice = TRACKER.rewrite_html(once, SENDING)

    assert (once, [LinkReason.ALREADY_TRACKED]) == (twice.text, [link.reason for link in twice.links])


def test_contents_name_the_place_of_each_link() -> None:
    convention = Convention(source="email", medium="drip", content="{location}_{element}", own_hosts=("example.com",))
    tracker = Tracker(ring=RING, domain="https://links.example.com", convention=convention)
    links = tracker.rewrite_html(f'{HTML}{HTML}<a href="https://example.com/b"><img src="b.png"></a>', SENDING).links
    assert ["body_a", "body_a_2", "body_image"] == [link.destination.partition("utm_content=")[2] for link in links]


def test_who_denies_tracking_gets_plain_links_with_utm_parameters() -> None:
    denied = replace(SENDING, consent=Consent.DENIED)
    plain = "https://example.com/a?utm_source=email&utm_medium=newsletter&utm_campaign=winter"

    html_body = TRACKER.rewrite_html(HTML, denied)
    text = TRACKER.rewrite_text("https://example.com/a", denied)
    message = TRACKER.rewrite_message(b"Subject: A\r\n\r\nhttps://example.com/a", denied)
    file = TRACKER.rewrite_document(b"https://example.com/a", BodyType.TEXT, denied)

    assert f'<a href="{plain}">A</a>' == html.unescape(html_body.text)
    assert (plain, f"Subject: A\r\n\r\n{plain}".encode(), plain.encode()) == (text.text, message.raw, file.raw)
    assert [LinkReason.NO_CONSENT] == [link.reason for link in html_body.links]


def unasked(anonymous_id: str) -> str:
    """The message of somebody who has not been asked, under a policy that asks."""
    tracker = Tracker(
        ring=RING, domain="https://links.example.com", policy=Policy(unknown_consent=UnknownConsentAction.ANONYMOUS)
    )
    return tracker.rewrite_html(HTML, replace(SENDING, anonymous_id=anonymous_id)).text


def test_an_anonymous_link_tells_neither_message_nor_recipient() -> None:
    expected = SealedLink(
        destination="https://example.com/a",
        message_id="x7",
        recipient="",
        campaign="winter",
        position=0,
        link_count=1,
        sent_at=NOW.replace(second=0),
    )
    assert [expected] == opened(unasked("x7"))


def test_without_an_anonymous_id_all_recipients_have_the_same_links() -> None:
    tracker = Tracker(
        ring=RING, domain="https://links.example.com", policy=Policy(unknown_consent=UnknownConsentAction.ANONYMOUS)
    )
    somebody_else = MessageMetadata(
        message_id="m2", sent_at=NOW.replace(minute=59), recipient="person-18", campaign=SENDING.campaign
    )
    assert unasked("") == tracker.rewrite_html(HTML, somebody_else).text


def signed(raw: bytes, domain: str) -> bytes:
    """A message signed by a domain."""
    return sign(raw, dataclasses.replace(DKIM_KEY, domain=domain), signed_at=NOW)


def test_a_message_that_its_sender_has_signed_is_signed_anew() -> None:
    tracker = Tracker(ring=RING, domain="https://links.example.com", dkim_keys=(DKIM_KEY,))

    rewritten = tracker.rewrite_message(signed(MESSAGE, "example.com"), SENDING)

    (link,) = opened(rewritten.raw.decode())
    bare, _ = remove_own_signatures(rewritten.raw, [DKIM_KEY])
    assert ("https://example.com/a", ()) == (link.destination, rewritten.skip_reasons)
    assert (1, sign(bare, DKIM_KEY, signed_at=NOW)) == (rewritten.raw.count(b"DKIM-Signature"), rewritten.raw)


@pytest.mark.parametrize(
    ("raw", "untouched"),
    [
        (signed(MESSAGE, "other.example"), (SkipReason.DKIM_SIGNED,)),
        (signed(signed(MESSAGE, "other.example"), "example.com"), (SkipReason.DKIM_SIGNED,)),
        (signed(MESSAGE.replace(b"https:", b"mailto:"), "example.com"), ()),
        (MESSAGE.replace(b"https:", b"mailto:"), ()),
    ],
)
def test_signatures_stay_where_nothing_is_tracked(raw: bytes, untouched: tuple[SkipReason, ...]) -> None:
    tracker = Tracker(ring=RING, domain="https://links.example.com", dkim_keys=(DKIM_KEY,))

    rewritten = tracker.rewrite_message(raw, SENDING)

    assert (raw, untouched) == (rewritten.raw, rewritten.skip_reasons)


def test_a_message_that_nobody_has_signed_stays_unsigned() -> None:
    tracker = Tracker(ring=RING, domain="https://links.example.com", dkim_keys=(DKIM_KEY,))
    assert b"DKIM-Signature" not in tracker.rewrite_message(MESSAGE, SENDING).raw


def test_a_template_is_filled_once_its_link_set_has_a_number() -> None:
    template = TRACKER.find_template(HTML.encode(), BodyType.HTML, SENDING)
    (found,) = template.tracked_links
    filled = TRACKER.fill_template(template, SENDING, link_set_id=7, merge_tag="{{id}}")
    assert "https://example.com/a?utm_source=email&utm_medium=newsletter&utm_campaign=winter" == found.destination
    (token,) = re.findall(r"https://links\.example\.com/([\w-]+)/\{\{id\}\}", filled.raw.decode())
    shared = SealedMessage(link_set_id=7, message_id="", recipient="", sent_at=NOW)
    assert (shared, 0) == open_campaign_token(RING, token)


def test_a_template_needs_recipients_that_may_be_named() -> None:
    tracker = dataclasses.replace(TRACKER, policy=Policy(unknown_consent=UnknownConsentAction.OFF))
    agreed = replace(SENDING, consent=Consent.GRANTED)
    assert tracker.find_template(HTML.encode(), BodyType.HTML, agreed).tracked_links
    with pytest.raises(ClicktrailError, match="a template identifies its recipients"):
        tracker.find_template(HTML.encode(), BodyType.HTML, SENDING)


def test_a_template_has_no_more_links_than_a_link_set() -> None:
    html_of_many = b"<a href=https://example.com/>" * (MAX_LINKS + 1)
    template = TRACKER.find_template(html_of_many, BodyType.HTML, SENDING)
    with pytest.raises(ClicktrailError, match="4,097 links"):
        TRACKER.fill_template(template, SENDING, link_set_id=7, merge_tag="{{id}}")


@pytest.mark.parametrize(
    "domain",
    [
        "links.example.com",
        "",
        "ftp://links.example.com",
        "https://",
        "https://links.example.com/track",
        "https://links.example.com/?a",
        "https://us@links.example.com",
        "https://links.example.com.",
    ],
)
def test_a_domain_that_is_none_is_refused(domain: str) -> None:
    with pytest.raises(SettingsError, match="the tracking domain is"):
        parse_tracking_domain(domain)


def test_a_domain_is_used_as_a_url_parser_reads_it() -> None:
    assert "https://links.xn--bcher-kva.example" == parse_tracking_domain("https://Links.Bücher.example/").origin


@pytest.mark.parametrize("campaign", ["winter\nsale", "winter\r", "\twinter", "\x9bwinter", "winter\u2028"])
def test_a_campaign_with_a_control_character_is_refused(campaign: str) -> None:
    with pytest.raises(ClicktrailError, match=r"the campaign has the control character U\+"):
        MessageMetadata(message_id="m1", sent_at=NOW, campaign=campaign)
    with pytest.raises(ClicktrailError, match=r"the campaign has the control character U\+"):
        TRACKER.compile(html=HTML, campaign=campaign)


@pytest.mark.parametrize("newline", [b"\r\n", b"\n"])
@pytest.mark.parametrize(
    "body",
    [b"old\rnext", b"old\r\rnext", b"old\r\r\nnext", b"old\nnext\r", b"\rold\n\rnext", b"old\0next\r", b"a \r b\t\r\r"],
)
def test_the_new_signature_is_of_the_bytes_that_are_sent(body: bytes, newline: bytes) -> None:
    tracker = Tracker(ring=RING, domain="https://links.example.com", dkim_keys=(RSA_KEY,))
    head = b"DKIM-Signature: d=example.com\nFrom: a@example.com\nSubject: x\n\n"

    rewritten = tracker.rewrite_message(head.replace(b"\n", newline) + b"https://a.example/ " + body, SENDING)

    sent = re.sub(rb"\r\n|\r|\n", b"\r\n", rewritten.raw + newline)  # as Python's smtplib sends it
    assert (1, b"\0" in body) == (rewritten.tracked_count, b"\0" in sent)
    assert is_signature_valid(rewritten.raw + newline)
    assert is_signature_valid(sent)
