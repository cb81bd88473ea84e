"""What landing pages are handed about a click, and hand back."""

import base64
import string
from datetime import UTC, datetime

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import TokenError, TokenForgedError, TokenMalformedError
from clicktrail.tokens import (
    Key,
    KeyRing,
    KeyState,
    LandingClick,
    LandingTokenSealer,
    SealedLink,
    open_token,
    seal_token,
)

OLD = Key(number=0, secret=bytes(range(32)))
NEW = Key(number=7, secret=bytes(range(32, 64)))
SEAL = LandingTokenSealer(KeyRing([NEW, OLD]))
SAMPLE = LandingClick(
    click_id="1x9bk2f07wq3z5a",
    message_id="0k3v9q2x7m4c8b1",
    recipient="ann@example.org",
    campaign="2026-11_boots",
    clicked_at=datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
)
ALPHABET = string.ascii_letters + string.digits + "-_"
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
visits = st.builds(
    LandingClick,
    click_id=texts,
    message_id=texts,
    recipient=texts,
    campaign=texts,
    clicked_at=st.integers(0, 2**32).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
)


@given(visit=visits)
def test_open_undoes_seal(visit: LandingClick) -> None:
    text = SEAL.seal(visit)
    assert (visit, set()) == (SEAL.open(text), set(text) - set(ALPHABET))


def test_length() -> None:
    assert 115 >= len(SEAL.seal(SAMPLE))


def test_every_single_change() -> None:
    text = SEAL.seal(SAMPLE)
    changed = [text[:at] + new + text[at + 1 :] for at in range(len(text) - 1) for new in ALPHABET if new != text[at]]
    assert [] == [other for other in changed if opens(other)]


def opens(text: str) -> bool:
    """Whether it is a visit."""
    try:
        SEAL.open(text)
    except TokenError:
        return False
    return True


@given(text=st.text(max_size=120) | st.text(ALPHABET, max_size=120))
def test_made_up_visits_never_open(text: str) -> None:
    with pytest.raises(TokenError):
        SEAL.open(text)


def test_keys_rotate() -> None:
    text = LandingTokenSealer(KeyRing([OLD])).seal(SAMPLE)
    assert SAMPLE == SEAL.open(text)
    revoked = LandingTokenSealer(KeyRing([NEW, Key(number=0, secret=OLD.secret, state=KeyState.REVOKED)]))
    with pytest.raises(TokenForgedError, match="revoked"):
        revoked.open(text)


def test_neither_is_a_token_a_visit_nor_a_visit_a_token() -> None:
    ring = KeyRing([OLD])
    sealed = SealedLink(
        destination="https://a.example/",
        message_id="m1",
        recipient="",
        campaign="",
        position=0,
        link_count=1,
        sent_at=SAMPLE.clicked_at,
    )
    ciphertext = base64.urlsafe_b64decode(seal_token(ring, sealed)[:-1] + "==")
    with pytest.raises(TokenForgedError):
        LandingTokenSealer(ring).open(base64.urlsafe_b64encode(b"\x00" + ciphertext).decode().rstrip("="))
    with pytest.raises(TokenError):
        open_token(ring, LandingTokenSealer(ring).seal(SAMPLE) + "A")


def raw(plaintext: bytes) -> str:
    """A visit around any plaintext, as a later version might make."""
    ciphertext = AESSIV(NEW.secret).encrypt(plaintext, [b"clicktrail visit"])
    return base64.urlsafe_b64encode(bytes([NEW.number]) + ciphertext).decode().rstrip("=")


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("", TokenForgedError, "not in the ring"),
        ("BwAA", TokenForgedError, "no key of the ring sealed"),
        ("FF", TokenForgedError, "not in the ring"),
        ("BwA", TokenForgedError, "no key of the ring sealed"),
        ("Bw=A", TokenMalformedError, "not base64url"),
        ("B", TokenMalformedError, "not base64url"),
        ("é", TokenMalformedError, "not base64url"),
        ("A" * 9_000, TokenMalformedError, "longer than"),
        (raw(b"x"), TokenMalformedError, "cannot read"),
        (raw(msgspec.msgpack.encode(("c", "m", "", "", 10**18))), TokenMalformedError, "cannot read"),
    ],
)
def test_errors(text: str, error: type[TokenError], says: str) -> None:
    with pytest.raises(error, match=says):
        SEAL.open(text)
