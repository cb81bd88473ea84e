import html
import re
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources

import pytest

from clicktrail.model.consent import UnknownConsent
from clicktrail.model.stored import ShortMessage, StoredLink
from clicktrail.rewrite import Policy, Untouched
from clicktrail.rewrite.sensitive import parse
from clicktrail.server.pipeline.instructions import take_instructions
from clicktrail.server.pipeline.track import Identity, Tracked
from clicktrail.server.pipeline.track import track as track_message
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
    """A token opens to all that a click needs; only own hosts get UTM parameters."""
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
    """The header goes before the envelope; an envelope of several names nobody."""
    assert expected == track(header + TWO_LINKS, *recipients).recipient


def test_the_sent_event_tells_what_went_out() -> None:
    """As many links as a reader can click, as many recipients as the next hop took."""
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
    """Rewriting would break the signature that its recipient checks."""
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
    """By its sender's wish or by the rules; nothing of ours stays in it, not even a header."""
    raw = rest + TWO_LINKS.partition(b"\r\n")[2]

    tracked = track(ours + raw, "anna@example.net")

    assert (raw, 0, (reason,)) == (tracked.raw, tracked.links, tracked.untouched)


@pytest.mark.parametrize("ours", [b"X-Clicktrail-Tracking: on\r\n", b"X-Clicktrail-Stream: news\r\n"])
def test_other_words_of_the_sender_leave_a_message_tracked(ours: bytes) -> None:
    """Only what is off, or sensitive, passes as it came."""
    assert 2 == track(ours + TWO_LINKS, "anna@example.net").links


def test_the_medium_is_the_one_that_the_sender_names() -> None:
    """A medium that the convention does not have is a slip, and its own one stands."""
    for header, medium in ((b"drip", "drip"), (b"dripp", "newsletter")):
        (link, _) = TRACKED_LINK.findall(track(b"X-Clicktrail-Medium: " + header + b"\r\n" + TWO_LINKS).raw)
        assert f"utm_medium={medium}&" in open_token(RING, link.decode()).destination


def test_who_denies_tracking_is_recorded_nowhere() -> None:
    """Links are plain, with the parameters that name the campaign, and the event counts somebody without a name."""
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
    """Neither links nor event tell who it was; a message's clicks and the message still belong together."""
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
    """Links of the text carry the message's code and the position that they have in HTML, where links are sealed."""
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
    """Plain text has no tag to name one by, and a report counts both as one link."""
    grouped = BOTH_PARTS.replace(b'<a href="https://a.', b'<a data-clicktrail-group="offer" href="https://a.')
    tracked = track_short(grouped, consent="granted")
    sealed = open_token(RING, TRACKED_LINK.findall(tracked.raw)[-1].decode())
    assert tracked.short
    assert ("offer", ["offer", ""]) == (sealed.group, [link.group for link in tracked.short.links])


def test_a_message_without_short_links_needs_none_kept() -> None:
    """Neither one whose links are all sealed, nor one without links, nor one that got no code."""
    assert track_short(TWO_LINKS, consent="granted").short is None
    assert track_short(BOTH_PARTS, consent="denied").short is None
    assert track(BOTH_PARTS, "anna@example.net").short is None


def test_short_links_name_nobody_who_has_not_agreed() -> None:
    """What is kept of them says no more than sealed ones would."""
    short = track_short(BOTH_PARTS).short
    assert short
    assert ("", NOW.replace(second=0)) == (short.recipient, short.created_at)
