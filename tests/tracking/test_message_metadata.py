import hashlib
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from clicktrail.model.link import LinkReason
from clicktrail.tokens import MAX_SHORT_LINKS, SECRET_BYTES, Key, KeyRing, decode_short_token, open_token
from clicktrail.tracking import MAX_SEALED_TOKEN_CHARS, MessageMetadata, Tracker
from clicktrail.utm import Convention


def test_unnamed_it_says_nothing_of_its_recipient() -> None:
    sending = MessageMetadata(
        message_id="m1",
        sent_at=datetime(2026, 11, 24, 1, 30, 5, 7, tzinfo=UTC),
        recipient="anna",
        campaign="winter",
        anonymous_id="x7",
    )
    assert (
        MessageMetadata(
            message_id="x7", sent_at=datetime(2026, 11, 24, 1, tzinfo=UTC), campaign="winter", anonymous_id="x7"
        )
        == sending.anonymize()
    )


RING = KeyRing([Key(number=0, secret=b"k" * SECRET_BYTES)])
TRACKER = Tracker(ring=RING, domain="https://links.example.com")
SENDING = MessageMetadata(
    message_id="m1", sent_at=datetime(2026, 11, 23, tzinfo=UTC), recipient="person-17", campaign="winter"
)


def unpackable(length: int) -> str:
    """A destination that compression cannot shorten much."""
    digits = "".join(hashlib.sha256(str(number).encode()).hexdigest() for number in range(length // 64 + 1))
    return f"https://example.org/{digits}"[:length]


def test_a_token_that_would_be_too_long_is_short() -> None:
    page = f'<a href="{unpackable(3_900)}">A</a><a href="{unpackable(1_000)}">B</a>'
    with_code = TRACKER.rewrite_html(page, replace(SENDING, short_code=77)).links
    assert (77, 0) == decode_short_token(with_code[0].replacement.rpartition("/")[2])
    assert unpackable(1_000) == open_token(RING, with_code[1].replacement.rpartition("/")[2]).destination

    without = TRACKER.rewrite_html(page, SENDING).links
    assert [(LinkReason.TOO_LONG, None), (LinkReason.TRACKED, 1)] == [(link.reason, link.position) for link in without]


@pytest.mark.parametrize("length", range(100, 4_000, 300))
def test_no_sealed_token_is_longer_than_programs_take(length: int) -> None:
    sending = replace(SENDING, campaign="ü" * 255, recipient="é" * 255)
    (link,) = TRACKER.rewrite_html(f'<a href="{unpackable(length)}">A</a>', sending).links
    assert len(link.replacement.rpartition("/")[2]) <= MAX_SEALED_TOKEN_CHARS
    assert (link.reason is LinkReason.TRACKED) == bool(link.replacement)


def test_links_beyond_what_a_code_can_tell_are_sealed() -> None:
    text = "\n".join(f"https://example.org/{number}" for number in range(MAX_SHORT_LINKS + 1))
    links = TRACKER.rewrite_text(text, replace(SENDING, short_code=77)).links
    assert (77, MAX_SHORT_LINKS - 1) == decode_short_token(links[-2].replacement.rpartition("/")[2])
    assert MAX_SHORT_LINKS == open_token(RING, links[-1].replacement.rpartition("/")[2]).position


def test_trap_is_sealed_as_a_trap() -> None:
    page = '<a href="https://example.org/a" data-clicktrail="trap">A</a><a href="https://example.org/b">B</a>'
    tokens = [link.replacement.rpartition("/")[2] for link in TRACKER.rewrite_html(page, SENDING).links]
    assert [True, False] == [open_token(RING, token).is_trap for token in tokens]


def test_recipient_is_sealed_by_its_normalized_name() -> None:
    for recipient in ("Ann <ANN@example.com>", "ann@example.com"):
        metadata = MessageMetadata(message_id="m1", sent_at=SENDING.sent_at, recipient=recipient)
        assert metadata.recipient == "ann@example.com"


def test_lone_surrogates_are_replaced() -> None:
    metadata = replace(SENDING, message_id="m\udcff", recipient="\ud800é", campaign="c\udfff", anonymous_id="a\udcff")
    page = "<a href=https://x.example/\ud800>a</a><a href=https://x.example/ data-clicktrail-group=\udcff>\ud800</a>"
    tracker = Tracker(
        ring=RING,
        domain="https://links.example.com",
        convention=Convention(source="email", medium="newsletter", content="{label}", own_hosts=("*",)),
    )
    invalid, link = tracker.rewrite_html(page, metadata).links
    sealed = open_token(RING, link.replacement.rpartition("/")[2])
    assert invalid.reason is LinkReason.INVALID
    assert ("m?", "?é", "c?", "?") == (sealed.message_id, sealed.recipient, sealed.campaign, sealed.group)
    assert tracker.compile(html=page, campaign="c\udfff").render(metadata, link_set_id=1).html
