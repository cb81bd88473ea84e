import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.model.consent import Consent, UnknownConsent
from clicktrail.model.link_set import ShortMessage, StoredLink
from clicktrail.rewrite import Policy, Untouched
from clicktrail.rewrite.sensitive import parse
from clicktrail.server.pipeline.track import Identity, Instructions, Tracked, take_instructions, with_consent
from clicktrail.server.pipeline.track import track as track_message
from clicktrail.server.ports import Consents
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.stores import open_registry
from clicktrail.tokens import SECRET_BYTES, Key, KeyRing, Sealed, open_token, read_short
from clicktrail.tracking import Tracker
from clicktrail.utm import Convention

NOW = datetime(2026, 11, 23, 12, 0, 1, tzinfo=UTC)
RING = KeyRing([Key(number=0, secret=b"k" * SECRET_BYTES)])
TRACKER = Tracker(
    ring=RING,
    domain="https://links.example.com",
    convention=Convention(source="email", medium="newsletter", own_hosts=("example.com",)),
    sensitive=parse((resources.files("clicktrail.rewrite") / "data" / "sensitive.toml").read_text("utf-8")),
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
IDENTITY = Identity(message_id="m1")
TRACKED_LINK = re.compile(rb"https://links\.example\.com/([\w-]+)")


def track(raw: bytes, *recipients: str) -> Tracked:
    """Track a message for its recipients."""
    return track_message(take_instructions(raw), tracker=TRACKER, recipients=recipients, identity=IDENTITY, now=NOW)


def test_each_link_carries_its_message_and_its_position() -> None:
    tracked = track(TWO_LINKS, "anna@example.net")

    tokens = TRACKED_LINK.findall(tracked.raw)
    expected = [
        Sealed(
            destination=destination,
            message_id="m1",
            recipient="anna@example.net",
            campaign="winter",
            position=position,
            links=2,
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
        (b"X-Clicktrail-Recipient: person-17\r\n", ("anna@example.net",), "person-17"),
        (b"X-Clicktrail-Recipient: person-17\r\n", ("anna@example.net", "ben@example.net"), "person-17"),
    ],
)
def test_the_recipient_is_who_the_sender_says(header: bytes, recipients: tuple[str, ...], expected: str) -> None:
    assert expected == track(header + TWO_LINKS, *recipients).recipient


def test_the_sent_event_tells_what_went_out() -> None:
    sent = track(TWO_LINKS, "anna@example.net").sent(id="e1", at=NOW, recipients=1)

    assert ("e1", "winter", "m1", "anna@example.net", 2, 1) == (
        sent.id,
        sent.campaign,
        sent.message_id,
        sent.recipient,
        sent.links,
        sent.recipients,
    )


def test_a_signed_message_passes_unchanged_with_the_reason() -> None:
    raw = b"DKIM-Signature: v=1; b=abc\r\n" + TWO_LINKS.partition(b"\r\n")[2]

    tracked = track(raw, "anna@example.net")

    assert (raw, 0, (Untouched.DKIM_SIGNED,)) == (tracked.raw, tracked.links, tracked.untouched)


@pytest.mark.parametrize(
    ("ours", "rest", "reason"),
    [
        (b"X-Clicktrail-Tracking: OFF\r\n", b"", Untouched.TRACKING_OFF),
        (b"X-Clicktrail-Tracking: none\r\n", b"", Untouched.TRACKING_OFF),
        (b"X-Clicktrail-Stream: password-reset\r\n", b"", Untouched.SENSITIVE),
        (b"", b"Subject: Reset your password\r\n", Untouched.SENSITIVE),
    ],
)
def test_a_message_that_nobody_may_follow_into_passes_untracked(ours: bytes, rest: bytes, reason: Untouched) -> None:
    raw = rest + TWO_LINKS.partition(b"\r\n")[2]

    tracked = track(ours + raw, "anna@example.net")

    assert (raw, 0, (reason,)) == (tracked.raw, tracked.links, tracked.untouched)


@pytest.mark.parametrize("ours", [b"X-Clicktrail-Tracking: on\r\n", b"X-Clicktrail-Stream: news\r\n"])
def test_other_words_of_the_sender_leave_a_message_tracked(ours: bytes) -> None:
    assert 2 == track(ours + TWO_LINKS, "anna@example.net").links


def test_the_medium_is_the_one_that_the_sender_names() -> None:
    for header, medium in ((b"drip", "drip"), (b"dripp", "newsletter")):
        (link, _) = TRACKED_LINK.findall(track(b"X-Clicktrail-Medium: " + header + b"\r\n" + TWO_LINKS).raw)
        assert f"utm_medium={medium}&" in open_token(RING, link.decode()).destination


def test_who_denies_tracking_is_recorded_nowhere() -> None:
    tracked = track(b"X-Clicktrail-Consent: denied\r\n" + TWO_LINKS, "anna@example.net")

    plain = "https://example.com/a?utm_source=email&utm_medium=newsletter&utm_campaign=winter"
    assert f'<a href="{plain}">' in html.unescape(tracked.raw.decode())
    assert [] == TRACKED_LINK.findall(tracked.raw)
    assert (0, "", "winter") == (tracked.links, tracked.recipient, tracked.campaign)


@pytest.mark.parametrize(
    ("header", "recipient"),
    [(b"", ""), (b"X-Clicktrail-Consent: unknown\r\n", ""), (b"X-Clicktrail-Consent: granted\r\n", "person-17")],
)
def test_who_was_not_asked_stays_unnamed_where_the_policy_says_so(header: bytes, recipient: str) -> None:
    raw = header + b"X-Clicktrail-Recipient: person-17\r\n" + TWO_LINKS
    tracker = Tracker(
        ring=RING, domain="https://links.example.com", policy=Policy(unknown_consent=UnknownConsent.ANONYMOUS)
    )

    asked = take_instructions(raw)
    tracked = track_message(asked, tracker=tracker, recipients=["anna@example.net"], identity=IDENTITY, now=NOW)

    sealed = [open_token(RING, token.decode()) for token in TRACKED_LINK.findall(tracked.raw)]
    assert ("m1", recipient) == (tracked.message_id, tracked.recipient)
    assert [("m1", recipient)] * 2 == [(link.message_id, link.recipient) for link in sealed]


def track_short(raw: bytes, *, consent: str = "") -> Tracked:
    """Track a message with code 77."""
    asked = replace(take_instructions(raw), consent=consent)
    tracker = replace(TRACKER, policy=Policy(unknown_consent=UnknownConsent.ANONYMOUS))
    identity = Identity(message_id="m1", short_code=77)
    return track_message(asked, tracker=tracker, recipients=["anna@example.net"], identity=identity, now=NOW)


def test_what_a_reader_sees_is_short() -> None:
    tracked = track_short(BOTH_PARTS, consent="granted")
    first, second, third, fourth = (token.decode() for token in TRACKED_LINK.findall(tracked.raw))
    assert [(77, 1), (77, 2)] == [read_short(first), read_short(second)]
    assert [(0, "https://c.example/"), (1, "https://a.example/")] == [
        (sealed.position, sealed.destination) for sealed in (open_token(RING, third), open_token(RING, fourth))
    ]
    expected = ShortMessage(
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
    assert expected == tracked.short


def test_a_short_link_has_the_group_of_its_link_in_html() -> None:
    grouped = BOTH_PARTS.replace(b'<a href="https://a.', b'<a data-clicktrail-group="offer" href="https://a.')
    tracked = track_short(grouped, consent="granted")
    sealed = open_token(RING, TRACKED_LINK.findall(tracked.raw)[-1].decode())
    assert tracked.short
    assert ("offer", ["offer", ""]) == (sealed.group, [link.group for link in tracked.short.links])


def test_a_message_without_short_links_needs_none_kept() -> None:
    assert track_short(TWO_LINKS, consent="granted").short is None
    assert track_short(BOTH_PARTS, consent="denied").short is None
    assert track(BOTH_PARTS, "anna@example.net").short is None


def test_short_links_name_nobody_who_has_not_agreed() -> None:
    short = track_short(BOTH_PARTS).short
    assert short
    assert ("", NOW.replace(second=0)) == (short.recipient, short.created_at)


NOW_consent = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
async def consents(tmp_path: Path) -> AsyncIterator[Consents]:
    """Two who agreed, one who denied, one who has not decided."""
    async with open_registry(Settings(data_dir=str(tmp_path))) as registry:
        for recipient, consent in (
            ("anna@example.net", Consent.GRANTED),
            ("ben@example.net", Consent.GRANTED),
            ("dan@example.net", Consent.DENIED),
            ("una@example.net", Consent.UNKNOWN),
            ("person-17", Consent.DENIED),
        ):
            await registry.consents.set(recipient, consent, at=NOW_consent)
        yield registry.consents


@pytest.mark.parametrize(
    ("asked", "recipients", "expected"),
    [
        (Instructions(raw=b""), ["anna"], Consent.GRANTED),
        (Instructions(raw=b""), ["dan"], Consent.DENIED),
        (Instructions(raw=b""), ["una"], Consent.UNKNOWN),
        (Instructions(raw=b""), ["nobody"], Consent.UNKNOWN),
        (Instructions(raw=b""), [], Consent.UNKNOWN),
        (Instructions(raw=b""), ["anna", "ben"], Consent.GRANTED),
        (Instructions(raw=b""), ["anna", "nobody"], Consent.UNKNOWN),
        (Instructions(raw=b""), ["anna", "nobody", "dan"], Consent.DENIED),
        (Instructions(raw=b"", recipient="person-17"), ["anna"], Consent.DENIED),
        (Instructions(raw=b"", recipient="person-18"), ["dan"], Consent.UNKNOWN),
        (Instructions(raw=b"", consent="granted"), ["dan"], Consent.GRANTED),
        (Instructions(raw=b"", consent="no"), ["anna"], Consent.DENIED),
    ],
)
async def test_the_sender_is_asked_first_and_the_strictest_counts(
    asked: Instructions, recipients: list[str], expected: Consent, consents: Consents
) -> None:
    addresses = [f"{name}@example.net" for name in recipients]
    assert expected is (await with_consent(asked, addresses, consents)).told_consent


def test_our_headers_are_read_and_removed() -> None:
    raw = (
        b"From: a@example.com\r\nX-Clicktrail-Campaign: winter\r\nSubject: Hi\r\n"
        b"x-clicktrail-recipient : anna-17\r\nX-Clicktrail-Medium: drip\r\n\r\nX-Clicktrail-Campaign: text\r\n"
    )

    assert Instructions(
        raw=b"From: a@example.com\r\nSubject: Hi\r\n\r\nX-Clicktrail-Campaign: text\r\n",
        campaign="winter",
        recipient="anna-17",
        medium="drip",
    ) == take_instructions(raw)


def test_a_folded_header_goes_whole() -> None:
    raw = b"X-Clicktrail-Campaign:\n winter\n\tsale\nSubject: Hi\n\nbody"

    assert Instructions(raw=b"Subject: Hi\n\nbody", campaign="winter\tsale") == take_instructions(raw)


def test_encoded_words_are_decoded() -> None:
    raw = b"X-Clicktrail-Campaign: =?utf-8?q?gr=C3=BCn?=\r\n\r\n"

    assert Instructions(raw=b"\r\n", campaign="grün") == take_instructions(raw)


def test_the_first_of_two_counts_and_both_go() -> None:
    raw = b"X-Clicktrail-Campaign: one\r\nX-Clicktrail-Campaign: two\r\n\r\n"

    assert Instructions(raw=b"\r\n", campaign="one") == take_instructions(raw)


@given(st.binary())
def test_what_has_no_header_of_ours_stays_as_it_is(raw: bytes) -> None:
    assert Instructions(raw=raw) == take_instructions(raw)


def test_a_long_value_is_cut() -> None:
    raw = b"X-Clicktrail-Campaign: " + b"c" * 900 + b"\r\nX-Clicktrail-Recipient: " + b"r" * 900 + b"\r\n\r\n"
    asked = take_instructions(raw)
    assert ("c" * 255, "r" * 255) == (asked.campaign, asked.recipient)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (b"", None),
        (b"X-Clicktrail-Consent:\r\n", None),
        (b"X-Clicktrail-Consent: Granted\r\n", Consent.GRANTED),
        (b"X-Clicktrail-Consent: denied\r\n", Consent.DENIED),
        (b"X-Clicktrail-Consent: unknown\r\n", Consent.UNKNOWN),
        (b"X-Clicktrail-Consent: grnated\r\n", Consent.DENIED),
    ],
)
def test_a_consent_that_is_not_clearly_given_is_none(header: bytes, told: Consent | None) -> None:
    assert told is take_instructions(header + b"\r\n").told_consent
