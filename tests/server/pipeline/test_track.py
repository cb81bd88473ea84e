import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from clicktrail import keyring_file
from clicktrail.model.consent import Consent, UnknownConsentAction
from clicktrail.model.link_set import ShortLinkMessage, StoredLink
from clicktrail.rewrite import Policy, SkipReason
from clicktrail.rewrite.sensitive import parse_sensitive_rules
from clicktrail.server.pipeline.privacy import HashedRecipients
from clicktrail.server.pipeline.track import (
    ControlHeaders,
    MessageIdentity,
    TrackedMessage,
    add_stored_consent,
    parse_control_headers,
    track_message,
)
from clicktrail.server.ports import Consents
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.stores import open_registry
from clicktrail.tokens import SECRET_BYTES, Key, KeyRing, SealedLink, decode_short_token, open_token
from clicktrail.tracking import Tracker
from clicktrail.utm import Convention

NOW = datetime(2026, 11, 23, 12, 0, 1, tzinfo=UTC)
RING = KeyRing([Key(number=0, secret=b"k" * SECRET_BYTES)])
TRACKER = Tracker(
    ring=RING,
    domain="https://links.example.com",
    convention=Convention(source="email", medium="newsletter", own_hosts=("example.com",)),
    sensitive_rules=parse_sensitive_rules(
        (resources.files("clicktrail.rewrite") / "data" / "sensitive.toml").read_text("utf-8")
    ),
)
TWO_LINKS = (
    b"X-Clicktrail-Campaign: winter\r\nContent-Type: text/html\r\n\r\n"
    b'<a href="https://example.com/a">A</a><a href="https://other.example/b">B</a>\r\n'
)
BOTH_PARTS = (
    b"X-Clicktrail-Campaign: winter\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\n\r\nA: https://a.example/ and https://b.example/\r\n"
    b'--b\r\nContent-Type: text/html\r\n\r\n<a href="https://c.example/">C</a><a href="https://a.example/">A</a>\r\n'
    b"--b--\r\n"
)
IDENTITY = MessageIdentity(message_id="m1")
TRACKED_LINK = re.compile(rb"https://links\.example\.com/([\w-]+)")


def track(raw: bytes, *recipients: str) -> TrackedMessage:
    return track_message(parse_control_headers(raw), tracker=TRACKER, recipients=recipients, identity=IDENTITY, now=NOW)


def encode_anyhow(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def test_token_holds_message_and_position() -> None:
    tracked = track(TWO_LINKS, "anna@example.net")

    tokens = TRACKED_LINK.findall(tracked.raw)
    expected = [
        SealedLink(
            destination=destination,
            message_id="m1",
            recipient="anna@example.net",
            campaign="winter",
            position=position,
            link_count=2,
            sent_at=NOW,
        )
        for position, destination in enumerate(
            [
                "https://example.com/a?utm_source=email&utm_medium=newsletter&utm_campaign=winter",
                "https://other.example/b",
            ]
        )
    ]
    assert expected == [open_token(RING, token.decode()) for token in tokens]


@pytest.mark.parametrize(
    ("header", "recipients", "expected"),
    [
        (b"", ("anna@example.net",), "anna@example.net"),
        (b"", ("anna@example.net", "ben@example.net"), ""),
        (b"", ("Anna@Example.net", "anna@example.net"), "anna@example.net"),
        (b"", (), ""),
        (b"X-Clicktrail-Recipient: person-17\r\n", ("anna@example.net",), "person-17"),
        (b"X-Clicktrail-Recipient: Anna <ANNA@example.net>\r\n", ("x@example.net",), "anna@example.net"),
        (b"X-Clicktrail-Recipient: =?utf-8?q?MARYU=CC=88BER=40a.example?=\r\n", (), "maryüber@a.example"),
        (b"X-Clicktrail-Recipient: person-17\r\n", ("anna@example.net", "ben@example.net"), "person-17"),
    ],
)
def test_recipient_header_overrides_envelope(header: bytes, recipients: tuple[str, ...], expected: str) -> None:
    assert expected == track(header + TWO_LINKS, *recipients).recipient


def test_sent_event() -> None:
    sent = track(TWO_LINKS, "anna@example.net").build_sent_event(id="e1", at=NOW, recipient_count=1)

    assert ("e1", "winter", "m1", "anna@example.net", 2, 1) == (
        sent.id,
        sent.campaign,
        sent.message_id,
        sent.recipient,
        sent.links,
        sent.recipients,
    )


def test_signed_message_is_unchanged_with_reason() -> None:
    raw = b"DKIM-Signature: v=1; b=abc\r\n" + TWO_LINKS.partition(b"\r\n")[2]

    tracked = track(raw, "anna@example.net")

    assert (raw, 0, (SkipReason.DKIM_SIGNED,)) == (tracked.raw, tracked.link_count, tracked.skip_reasons)


@pytest.mark.parametrize(
    ("ours", "rest", "reason"),
    [
        (b"X-Clicktrail-Tracking: OFF\r\n", b"", SkipReason.TRACKING_OFF),
        (b"X-Clicktrail-Tracking: none\r\n", b"", SkipReason.TRACKING_OFF),
        (b"X-Clicktrail-Stream: password-reset\r\n", b"", SkipReason.SENSITIVE),
        (b"", b"Subject: Reset your password\r\n", SkipReason.SENSITIVE),
    ],
)
def test_sensitive_or_opted_out_message_is_not_tracked(ours: bytes, rest: bytes, reason: SkipReason) -> None:
    raw = rest + TWO_LINKS.partition(b"\r\n")[2]

    tracked = track(ours + raw, "anna@example.net")

    assert (raw, 0, (reason,)) == (tracked.raw, tracked.link_count, tracked.skip_reasons)


@pytest.mark.parametrize("ours", [b"X-Clicktrail-Tracking: on\r\n", b"X-Clicktrail-Stream: news\r\n"])
def test_other_header_values_leave_message_tracked(ours: bytes) -> None:
    assert 2 == track(ours + TWO_LINKS, "anna@example.net").link_count


def test_medium_header() -> None:
    for header, medium in ((b"drip", "drip"), (b"dripp", "newsletter")):
        (link, _) = TRACKED_LINK.findall(track(b"X-Clicktrail-Medium: " + header + b"\r\n" + TWO_LINKS).raw)
        assert f"utm_medium={medium}&" in open_token(RING, link.decode()).destination


def test_denied_recipient_is_not_recorded() -> None:
    tracked = track(b"X-Clicktrail-Consent: denied\r\n" + TWO_LINKS, "anna@example.net")

    plain = "https://example.com/a?utm_source=email&utm_medium=newsletter&utm_campaign=winter"
    assert f'<a href="{plain}">' in html.unescape(tracked.raw.decode())
    assert [] == TRACKED_LINK.findall(tracked.raw)
    assert (0, "", "winter") == (tracked.link_count, tracked.recipient, tracked.campaign)


@pytest.mark.parametrize(
    ("header", "recipient"),
    [(b"", ""), (b"X-Clicktrail-Consent: unknown\r\n", ""), (b"X-Clicktrail-Consent: granted\r\n", "person-17")],
)
def test_unknown_consent_is_anonymous_if_policy_says_so(header: bytes, recipient: str) -> None:
    raw = header + b"X-Clicktrail-Recipient: person-17\r\n" + TWO_LINKS
    tracker = Tracker(
        ring=RING, domain="https://links.example.com", policy=Policy(unknown_consent=UnknownConsentAction.ANONYMOUS)
    )

    headers = parse_control_headers(raw)
    tracked = track_message(headers, tracker=tracker, recipients=["anna@example.net"], identity=IDENTITY, now=NOW)

    sealed = [open_token(RING, token.decode()) for token in TRACKED_LINK.findall(tracked.raw)]
    assert ("m1", recipient) == (tracked.message_id, tracked.recipient)
    assert [("m1", recipient)] * 2 == [(link.message_id, link.recipient) for link in sealed]


def track_short(raw: bytes, *, consent: str = "") -> TrackedMessage:
    headers = replace(parse_control_headers(raw), consent=consent)
    tracker = replace(TRACKER, policy=Policy(unknown_consent=UnknownConsentAction.ANONYMOUS))
    identity = MessageIdentity(message_id="m1", short_code=77)
    return track_message(headers, tracker=tracker, recipients=["anna@example.net"], identity=identity, now=NOW)


def test_plain_text_has_short_links() -> None:
    tracked = track_short(BOTH_PARTS, consent="granted")
    first, second, third, fourth = (token.decode() for token in TRACKED_LINK.findall(tracked.raw))
    assert [(77, 1), (77, 2)] == [decode_short_token(first), decode_short_token(second)]
    assert [(0, "https://c.example/"), (1, "https://a.example/")] == [
        (sealed.position, sealed.destination) for sealed in (open_token(RING, third), open_token(RING, fourth))
    ]
    expected = ShortLinkMessage(
        code=77,
        message_id="m1",
        recipient="anna@example.net",
        campaign="winter",
        created_at=NOW,
        links=(
            StoredLink(position=1, destination="https://a.example/"),
            StoredLink(position=2, destination="https://b.example/"),
        ),
    )
    assert expected == tracked.short_message


def test_short_link_has_group_of_html_link() -> None:
    grouped = BOTH_PARTS.replace(b'<a href="https://a.', b'<a data-clicktrail-group="offer" href="https://a.')
    tracked = track_short(grouped, consent="granted")
    sealed = open_token(RING, TRACKED_LINK.findall(tracked.raw)[-1].decode())
    assert tracked.short_message
    assert ("offer", ["offer", ""]) == (sealed.group, [link.group for link in tracked.short_message.links])


def test_message_without_short_links_stores_none() -> None:
    assert track_short(TWO_LINKS, consent="granted").short_message is None
    assert track_short(BOTH_PARTS, consent="denied").short_message is None
    assert track(BOTH_PARTS, "anna@example.net").short_message is None


def test_short_links_of_unknown_recipient_are_anonymous() -> None:
    short = track_short(BOTH_PARTS).short_message
    assert short
    assert ("", NOW.replace(second=0)) == (short.recipient, short.created_at)


@pytest.fixture
async def consents(tmp_path: Path) -> AsyncIterator[Consents]:
    settings = Settings(data_dir=str(tmp_path))
    ring = keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    async with open_registry(settings) as registry:
        for recipient, consent in (
            ("anna@example.net", Consent.GRANTED),
            ("ben@example.net", Consent.GRANTED),
            ("dan@example.net", Consent.DENIED),
            ("una@example.net", Consent.UNKNOWN),
            ("person-17", Consent.DENIED),
        ):
            await registry.consents.set(recipient, consent, at=NOW)
        erased_hash = HashedRecipients(ring).hash_recipient("eve@example.net")
        await registry.erasures.add("eve@example.net", erased_hash, at=NOW)
        yield registry.consents


@pytest.mark.parametrize(
    ("headers", "recipients", "expected"),
    [
        (ControlHeaders(stripped_message=b""), ["anna"], Consent.GRANTED),
        (ControlHeaders(stripped_message=b""), ["dan"], Consent.DENIED),
        (ControlHeaders(stripped_message=b""), ["una"], Consent.UNKNOWN),
        (ControlHeaders(stripped_message=b""), ["nobody"], Consent.UNKNOWN),
        (ControlHeaders(stripped_message=b""), [], Consent.UNKNOWN),
        (ControlHeaders(stripped_message=b""), ["anna", "ben"], Consent.GRANTED),
        (ControlHeaders(stripped_message=b""), ["anna", "nobody"], Consent.UNKNOWN),
        (ControlHeaders(stripped_message=b""), ["anna", "nobody", "dan"], Consent.DENIED),
        (ControlHeaders(stripped_message=b"", recipient="person-17"), ["anna"], Consent.DENIED),
        (ControlHeaders(stripped_message=b"", recipient="Dan <DAN@example.net>"), ["anna"], Consent.DENIED),
        (ControlHeaders(stripped_message=b""), ["DAN"], Consent.DENIED),
        (ControlHeaders(stripped_message=b"", recipient="person-18"), ["dan"], Consent.UNKNOWN),
        (ControlHeaders(stripped_message=b"", recipient="<>"), ["anna"], Consent.UNKNOWN),
        (ControlHeaders(stripped_message=b"", consent="granted"), ["dan"], Consent.GRANTED),
        (ControlHeaders(stripped_message=b"", consent="no"), ["anna"], Consent.DENIED),
        (ControlHeaders(stripped_message=b"", consent="granted"), ["anna", "Eve"], Consent.DENIED),
        (ControlHeaders(stripped_message=b"", recipient="person-18", consent="granted"), ["eve"], Consent.DENIED),
    ],
)
async def test_stated_then_strictest_stored_consent_applies(
    headers: ControlHeaders, recipients: list[str], expected: Consent, consents: Consents
) -> None:
    addresses = [f"{name}@example.net" for name in recipients]
    assert expected is (await add_stored_consent(headers, addresses, consents)).stated_consent


def test_control_headers_are_parsed_and_removed() -> None:
    raw = (
        b"From: a@example.com\r\nX-Clicktrail-Campaign: winter\r\nSubject: Hi\r\n"
        b"x-clicktrail-recipient : anna-17\r\nX-Clicktrail-Medium: drip\r\n\r\nX-Clicktrail-Campaign: text\r\n"
    )

    assert ControlHeaders(
        stripped_message=b"From: a@example.com\r\nSubject: Hi\r\n\r\nX-Clicktrail-Campaign: text\r\n",
        campaign="winter",
        recipient="anna-17",
        medium="drip",
    ) == parse_control_headers(raw)


def test_folded_header_is_removed_completely() -> None:
    raw = b"X-Clicktrail-Campaign:\n winter\n\tsale\nSubject: Hi\n\nbody"

    assert ControlHeaders(stripped_message=b"Subject: Hi\n\nbody", campaign="winter sale") == parse_control_headers(raw)


def test_encoded_words_are_decoded() -> None:
    raw = b"X-Clicktrail-Campaign: =?utf-8?q?gr=C3=BCn?=\r\n\r\n"

    assert ControlHeaders(stripped_message=b"\r\n", campaign="grün") == parse_control_headers(raw)


@pytest.mark.parametrize(
    "value",
    [
        *[b"winter\r\n sale", b"winter\n\tsale", b"winter\rsale", b"winter\xc2\x85sale", b"winter\xe2\x80\xa8sale"],
        *[
            b"=?utf-8?q?winter=0D=0Asale?=",
            b"=?utf-8?b?d2ludGVyCnNhbGU=?=",
            b"=?utf-8?q?winter=0A?=\r\n =?utf-8?q?sale=0D?=",
        ],
        *[
            b"=?utf-7?q?winter+AAo-sale?=",
            b"=?utf-16be?q?=00w=00i=00n=00t=00e=00r=00=0A=00s=00a=00l=00e?=",
            b"wi\0nter\tsale",
        ],
    ],
)
def test_line_breaks_and_control_characters_are_removed_from_a_campaign(value: bytes) -> None:
    assert parse_control_headers(b"X-Clicktrail-Campaign: " + value + b"\r\n\r\n").campaign == "winter sale"


def test_message_that_starts_with_an_empty_line_has_no_control_headers() -> None:
    raw = b"\r\nX-Clicktrail-Campaign: a\r\nSubject: Hi\r\n\r\nhttps://x.example/"
    assert ControlHeaders(stripped_message=raw) == parse_control_headers(raw)
    assert (raw, (SkipReason.NOT_A_MESSAGE,)) == (track(raw).raw, track(raw).skip_reasons)


@pytest.mark.parametrize(
    ("value", "campaign"),
    [
        (b"=?utf-8?q?a?= " * 100_000, "a" * 255),
        (b"=?utf-8?q?" * 100_000, ("=?utf-8?q?utf-8?q?" * 15)[:255]),
        (b"\n " * 100_000 + b"winter", "winter"),
        (b"a\0\xe9=?utf-7?q?+2AA-?=", "a\ufffd=?utf-7?q?+2AA-?="),
    ],
)
def test_hostile_control_header(value: bytes, campaign: str) -> None:
    tracked = track(b"X-Clicktrail-Campaign: " + value + b"\nSubject: Hi\n\nhttps://x.example/", "a@b.example")
    assert (campaign, 1) == (tracked.campaign, tracked.link_count)


@given(
    st.sampled_from([b"Subject", b"From", b"To", b"X-Clicktrail-Campaign", b"X-Clicktrail-Recipient", b"X-Other"]),
    st.binary(max_size=60) | st.sampled_from(["\udcff\ud800", "\0", "é", "a\u0315"]).map(encode_anyhow),
    st.text(st.characters(exclude_categories=[]), max_size=20),
)
def test_no_header_and_no_recipient_raises(name: bytes, value: bytes, recipient: str) -> None:
    field = name + b": " + value.replace(b"\n", b"").replace(b"\r", b"") + b"\n"
    tracked = track(field + b"Content-Type: text/plain\n\nhttps://x.example/", recipient)
    assert (1, ()) == (tracked.link_count, tracked.skip_reasons)


def test_first_of_repeated_headers_counts() -> None:
    raw = b"X-Clicktrail-Campaign: one\r\nX-Clicktrail-Campaign: two\r\n\r\n"

    assert ControlHeaders(stripped_message=b"\r\n", campaign="one") == parse_control_headers(raw)


@given(st.binary())
def test_message_without_control_headers_is_unchanged(raw: bytes) -> None:
    assume(b"x-clicktrail-" not in raw.lower())
    assert ControlHeaders(stripped_message=raw) == parse_control_headers(raw)


def test_long_value_is_truncated() -> None:
    raw = b"X-Clicktrail-Campaign: " + b"c" * 900 + b"\r\nX-Clicktrail-Recipient: " + b"r" * 900 + b"\r\n\r\n"
    headers = parse_control_headers(raw)
    assert ("c" * 255, "r" * 255) == (headers.campaign, headers.recipient)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"", None),
        (b"X-Clicktrail-Consent:\r\n", None),
        (b"X-Clicktrail-Consent: Granted\r\n", Consent.GRANTED),
        (b"X-Clicktrail-Consent: denied\r\n", Consent.DENIED),
        (b"X-Clicktrail-Consent: unknown\r\n", Consent.UNKNOWN),
        (b"X-Clicktrail-Consent: grnated\r\n", Consent.DENIED),
    ],
)
def test_unknown_consent_value_is_denied(header: bytes, expected: Consent | None) -> None:
    assert expected is parse_control_headers(header + b"\r\n").stated_consent


def test_trap_with_short_link_is_stored_as_a_trap() -> None:
    destination = b"https://a.example/" + b"".join(b"%x" % (number**9) for number in range(400))[:3_900]
    page = b'Content-Type: text/html\r\n\r\n<a data-clicktrail="trap" href="%b">A</a>' % destination
    tracked = track_short(page, consent="granted")
    assert tracked.short_message
    assert [(destination.decode(), True)] == [(link.destination, link.is_trap) for link in tracked.short_message.links]
