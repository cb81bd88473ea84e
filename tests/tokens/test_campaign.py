"""Tokens of the campaign format: one sealed text a message, and the position outside of the seal."""

import string
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import TokenError, TokenForgedError, TokenMalformedError
from clicktrail.tokens import (
    MAX_LINKS,
    Key,
    KeyRing,
    KeyState,
    SealedLink,
    SealedMessage,
    TokenFormat,
    build_token_suffixes,
    open_campaign_token,
    open_token,
    seal_token,
    seal_token_prefix,
)

OLD = Key(number=0, secret=bytes(range(32)))
RING = KeyRing([Key(number=7, secret=bytes(range(32, 64))), OLD])

SAMPLE = SealedMessage(
    link_set_id=1_234,
    message_id="0k3v9q2x7m4c8b1",
    recipient="r8fk2m1q",
    sent_at=datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
)

ALPHABET = string.ascii_letters + string.digits + "-_"
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.text("0123456789abcxyz", max_size=100)
sealeds = st.builds(
    SealedMessage,
    link_set_id=st.integers(0, 2**64),
    message_id=texts,
    recipient=texts,
    sent_at=st.integers(0, 2**32 - 1).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
)


def token(sealed: SealedMessage, position: int, ring: KeyRing = RING) -> str:
    """The token of one link."""
    return seal_token_prefix(ring, sealed) + build_token_suffixes(ring, position + 1)[position]


@given(sealed=sealeds, position=st.integers(0, MAX_LINKS - 1))
def test_open_undoes_seal(sealed: SealedMessage, position: int) -> None:
    assert (sealed, position) == open_campaign_token(RING, token(sealed, position))


@given(sealed=sealeds, position=st.integers(0, 99))
def test_shape(sealed: SealedMessage, position: int) -> None:
    text = token(sealed, position)
    assert (set(), "b") == (set(text) - set(ALPHABET), text[-1])


def test_every_position_has_its_end() -> None:
    assert MAX_LINKS == len(set(build_token_suffixes(RING, MAX_LINKS)))


def test_length() -> None:
    assert 60 >= len(token(SAMPLE, 30))


def test_one_sealed_text_serves_all_links() -> None:
    begin = seal_token_prefix(RING, SAMPLE)
    assert [(SAMPLE, position) for position in range(99)] == [
        open_campaign_token(RING, begin + end) for end in build_token_suffixes(RING, 99)
    ]


def test_every_single_change_of_the_sealed_text() -> None:
    text = token(SAMPLE, 5)
    changed = [text[:at] + new + text[at + 1 :] for at in range(len(text) - 3) for new in ALPHABET if new != text[at]]
    assert [] == [other for other in changed if opens(other)]


def opens(text: str) -> bool:
    """Whether the ring opens a token."""
    try:
        open_campaign_token(RING, text)
    except TokenError:
        return False
    return True


@given(text=st.text(max_size=100) | st.text(ALPHABET, max_size=100))
def test_made_up_tokens_never_open(text: str) -> None:
    with pytest.raises(TokenError):
        open_campaign_token(RING, text)


VECTORS = {
    "ours": (SAMPLE, 30, "-go0N_pl54iYNjcGmkOmJkxh8DS-B3oFoQ4ifFNboIihkctyBeR-vQ0AeU"),
    "international": (
        SealedMessage(
            link_set_id=2**40,
            message_id="",
            recipient="δοκιμή@παράδειγμα.example",
            sent_at=datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
        ),
        4_095,
        "yNFJz73UAEX8fsjt9_c9VZpz5oHAf3b6vDmyh08WoGj8j7Sta0cXR8gZ_v4pDvPKnZ-6zkcCkLXqOqQPA1WeYMtIAfnECrs__U",
    ),
}
"""Tokens sealed by key 0, whose secret is the bytes 0 to 31. They must open for ever."""


@pytest.mark.parametrize("name", sorted(VECTORS))
def test_vectors(name: str) -> None:
    sealed, position, text = VECTORS[name]
    ring = KeyRing([OLD])
    assert (text, (sealed, position)) == (token(sealed, position, ring), open_campaign_token(ring, text))


def raw(plaintext: bytes) -> str:
    """A token around any plaintext, as a later version might make."""
    return RING.encrypt(plaintext, TokenFormat.CAMPAIGN)[:-1] + build_token_suffixes(RING, 1)[0]


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("", TokenMalformedError, "not a token of a known format"),
        ("U", TokenForgedError, "no key of the ring sealed"),
        ("wp-login.phpAAU", TokenMalformedError, "not base64url"),
        (token(SAMPLE, 0)[:-2] + "~b", TokenMalformedError, "the position"),
        (token(SAMPLE, 0)[:-1] + "c", TokenForgedError, "not in the ring, or revoked"),
        (raw(b""), TokenMalformedError, "newer version"),
        (raw(b"\x01"), TokenMalformedError, "newer version"),
        (raw(b"\x00"), TokenMalformedError, "cannot read"),
        (raw(b"\x00\x00\x00\x00\x00\x07\x05"), TokenMalformedError, "cannot read"),
        (raw(b"\x00\x00\x00\x00\x00\x07\x02\xff"), TokenMalformedError, "cannot read"),
    ],
)
def test_errors(text: str, error: type[TokenError], says: str) -> None:
    with pytest.raises(error, match=says):
        open_campaign_token(RING, text)


def test_a_revoked_key_opens_nothing() -> None:
    ring = KeyRing([RING.keys[0], Key(number=0, secret=OLD.secret, state=KeyState.REVOKED)])
    with pytest.raises(TokenForgedError, match="revoked"):
        open_campaign_token(ring, token(SAMPLE, 0, KeyRing([OLD])))


def test_the_formats_do_not_open_each_other() -> None:
    sealed = SealedLink(
        destination="https://a.example/",
        message_id="",
        recipient="",
        campaign="",
        position=0,
        link_count=1,
        sent_at=SAMPLE.sent_at,
    )
    with pytest.raises(TokenMalformedError):
        open_campaign_token(RING, seal_token(RING, sealed))
    with pytest.raises(TokenMalformedError):
        open_token(RING, token(SAMPLE, 0))
