"""Tokens of the sealed format: they open to what was sealed, and to nothing else."""

import base64
import string
from datetime import UTC, datetime

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import KeyRingError, TokenError, TokenForgedError, TokenMalformedError
from clicktrail.tokens import SECRET_BYTES, Key, KeyRing, KeyState, Sealed, open_token, seal

OLD = Key(number=0, secret=bytes(range(32)))
NEW = Key(number=7, secret=bytes(range(32, 64)))
RING = KeyRing([NEW, OLD])

SAMPLE = Sealed(
    destination="https://shop.example/spring?colour=gr%C3%BCn&utm_source=news#top",
    message_id="01jdc5zk3q9w7m8n",
    recipient="ada@reader.example",
    campaign="spring sale",
    position=4,
    links=12,
    sent_at=datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
)

ALPHABET = string.ascii_letters + string.digits + "-_"
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
instants = st.integers(0, 2**33).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
sealeds = st.builds(
    Sealed,
    destination=texts,
    message_id=texts,
    recipient=texts,
    campaign=texts,
    position=st.integers(0, 10_000),
    links=st.integers(0, 10_000),
    sent_at=instants,
)


@given(sealed=sealeds)
def test_open_undoes_seal(sealed: Sealed) -> None:
    """A token opens to exactly what was sealed."""
    assert sealed == open_token(RING, seal(RING, sealed))


@given(sealed=sealeds)
def test_shape(sealed: Sealed) -> None:
    """A token is safe in a path and in plain text: autolinkers cut anything else than a letter or digit off its end."""
    token = seal(RING, sealed)
    assert (set(), True) == (set(token) - set(ALPHABET), token[-1].isalnum())


@given(sealed=sealeds)
def test_sealing_is_deterministic(sealed: Sealed) -> None:
    """The same content under the same key is the same token: AES-SIV needs no nonce."""
    assert seal(RING, sealed) == seal(KeyRing([NEW, OLD]), sealed)


def damaged(token: str) -> st.SearchStrategy[str]:
    """The token with one character changed, added or dropped, or cut off somewhere."""
    places = st.integers(0, len(token) - 1)
    letters = st.sampled_from(ALPHABET + "=+/.~%! é")
    return st.one_of(
        st.builds(lambda at, letter: token[:at] + letter + token[at + 1 :], places, letters),
        st.builds(lambda at, letter: token[:at] + letter + token[at:], st.integers(0, len(token)), letters),
        st.builds(lambda at: token[:at] + token[at + 1 :], places),
        st.builds(lambda at: token[:at], places),
        st.builds(lambda at: token[at:], st.integers(1, len(token))),
    )


@given(data=st.data(), sealed=st.sampled_from([SAMPLE]) | sealeds)
def test_damaged_tokens_never_open(data: st.DataObject, sealed: Sealed) -> None:
    """Any changed, added or dropped character makes a token that opens to nothing."""
    token = seal(RING, sealed)
    other = data.draw(damaged(token).filter(lambda text: text != token))
    with pytest.raises(TokenError):
        open_token(RING, other)


@given(text=st.text(max_size=200) | st.text(ALPHABET, max_size=200))
def test_made_up_tokens_never_open(text: str) -> None:
    """A text that nobody sealed opens to nothing, and raises nothing else than a token error."""
    with pytest.raises(TokenError):
        open_token(RING, text)


def test_every_single_change_of_a_sample() -> None:
    """All 63 other characters at each place of one token, tried one by one."""
    token = seal(RING, SAMPLE)
    opened = [
        (at, letter)
        for at in range(len(token))
        for letter in ALPHABET
        if letter != token[at] and opens(RING, token[:at] + letter + token[at + 1 :])
    ]
    assert [] == opened


def opens(ring: KeyRing, token: str) -> bool:
    """Whether a ring opens a token."""
    try:
        open_token(ring, token)
    except TokenError:
        return False
    return True


def test_rotation() -> None:
    """A new key seals, an old one still opens what it sealed."""
    before = seal(KeyRing([OLD]), SAMPLE)
    rotated = KeyRing([NEW, Key(number=OLD.number, secret=OLD.secret, state=KeyState.OPEN)])
    after = seal(rotated, SAMPLE)
    assert ("A", "H", SAMPLE, SAMPLE) == (
        before[-1],
        after[-1],
        open_token(rotated, before),
        open_token(rotated, after),
    )


def test_a_key_that_only_opens_does_not_seal() -> None:
    """The first key that may seal does, even if an older one stands before it."""
    ring = KeyRing([Key(number=3, secret=NEW.secret, state=KeyState.OPEN), OLD])
    assert "A" == seal(ring, SAMPLE)[-1]


def test_revocation() -> None:
    """A revoked key opens nothing any more."""
    token = seal(KeyRing([OLD]), SAMPLE)
    ring = KeyRing([NEW, Key(number=OLD.number, secret=OLD.secret, state=KeyState.REVOKED)])
    with pytest.raises(TokenForgedError, match="revoked"):
        open_token(ring, token)


def test_lost_key() -> None:
    """What a key sealed that is not in the ring does not open."""
    with pytest.raises(TokenForgedError, match="not in the ring"):
        open_token(KeyRing([NEW]), seal(KeyRing([OLD]), SAMPLE))


def test_same_number_other_secret() -> None:
    """A key of the same number does not open what another sealed."""
    with pytest.raises(TokenForgedError, match="no key of the ring sealed this token"):
        open_token(KeyRing([Key(number=0, secret=NEW.secret)]), seal(KeyRing([OLD]), SAMPLE))


VECTORS = {
    "sample": (
        SAMPLE,
        (
            "-6Y-tVfQc5AymzCZgLOQJ4gte1zG2zgBSQNOirGZsR6YciRxU14z8feMxRP_fKIgLOUw4wU1L_kwl57VmPnqRQ5R7jTRbj4AtEWa"
            "tdGkprjU4ooT0xzFJKspYE7C9AK0lxV2hW5WrZWYWushkz_msxXu6CkHURg2a47vUuH2N9MKqbbi2ClzwJSEJgA"
        ),
    ),
    "empty": (
        Sealed(
            destination="https://a.example/",
            message_id="",
            recipient="",
            campaign="",
            position=0,
            links=1,
            sent_at=datetime(1970, 1, 1, tzinfo=UTC),
        ),
        "jMW5Cd2uc1TqHGOU5B9qeY21zENeLQTt5NV1-La39BF6oKKj5LJNuTS65gA",
    ),
    "international": (
        Sealed(
            destination="https://münchen.example/straße?q=日本",
            message_id="m1",
            recipient="δοκιμή@παράδειγμα.example",
            campaign="Frühling 🌷",
            position=299,
            links=300,
            sent_at=datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
        ),
        (
            "N0rqW8kGacnl7-l69h7Mui3PmAa9Zj0OihvsNfZ_h7e9BniiOlxnv9cqBShek2yVPb2pp1VaN439I6hTebfnu-beL733fBsPM5-3"
            "zS56RQQBlcUEtzZtXC5RuOn5jeXIISIWTJdEMtYyr0X-HioaR2eQAocsRrvxCc_wr0bGE-lusgVQuAA"
        ),
    ),
}
"""Tokens sealed by key 0, whose secret is the bytes 0 to 31. They must open for ever."""


@pytest.mark.parametrize("name", sorted(VECTORS))
def test_vectors(name: str) -> None:
    """A token in a message that was sent is the same token in every later version."""
    sealed, token = VECTORS[name]
    ring = KeyRing([OLD])
    assert (token, sealed) == (seal(ring, sealed), open_token(ring, token))


def raw_token(plaintext: bytes) -> str:
    """A token that key 0 sealed around any plaintext, as a later version might."""
    ciphertext = AESSIV(OLD.secret).encrypt(plaintext, [b"clicktrail sealed token"])
    return base64.urlsafe_b64encode(ciphertext).rstrip(b"=").decode() + "A"


@pytest.mark.parametrize(
    ("token", "error", "says"),
    [
        ("", TokenMalformedError, "not a token of a known format"),
        ("favicon.ico", TokenMalformedError, "not a token of a known format"),
        ("A", TokenForgedError, "no key of the ring sealed"),
        ("robots-txt9", TokenMalformedError, "not a token of a known format"),
        ("wp-login.phpA", TokenMalformedError, "not base64url"),
        ("AAAAAA", TokenMalformedError, "not base64url"),
        ("ABA", TokenMalformedError, "not the canonical base64url"),
        ("AAAA====A", TokenMalformedError, "not the canonical base64url"),
        ("A" * 8_001, TokenMalformedError, "not a token of a known format"),
        ("ß" * 12 + "A", TokenMalformedError, "not base64url"),
        (raw_token(b""), TokenMalformedError, "newer version"),
        (raw_token(b"\x01"), TokenMalformedError, "newer version"),
        (raw_token(b"\x00"), TokenMalformedError, "cannot read"),
        (raw_token(b"\x00" + msgspec.msgpack.encode(["https://a.example/"])), TokenMalformedError, "cannot read"),
        (raw_token(b"\x00" + msgspec.msgpack.encode(["u", "", "", "", "0", 1, 2])), TokenMalformedError, "cannot read"),
    ],
)
def test_errors(token: str, error: type[TokenError], says: str) -> None:
    """Each way of being no token is told apart."""
    with pytest.raises(error, match=says):
        open_token(KeyRing([OLD]), token)


def test_other_spellings_do_not_open() -> None:
    """Standard base64, padding and unused bits would be second names for one token."""
    token = seal(RING, SAMPLE)
    text, key = token[:-1], token[-1]
    padded = text + "=" * (-len(text) % 4)
    standard = text.replace("-", "+").replace("_", "/")
    assert len({text, padded, standard}) == len((text, padded, standard))
    others = (padded, padded + "=", standard, text + ".", text)
    assert [False, False, False, False, True] == [opens(RING, other + key) for other in others]


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ([], "no key of the ring may seal"),
        ([Key(number=1, secret=bytes(32), state=KeyState.OPEN)], "no key of the ring may seal"),
        ([Key(number=1, secret=bytes(32), state=KeyState.REVOKED)], "no key of the ring may seal"),
        ([OLD, Key(number=0, secret=NEW.secret)], "the same number"),
    ],
)
def test_unusable_rings(keys: list[Key], says: str) -> None:
    """A ring that could not seal, or would not know which key opens, is refused."""
    with pytest.raises(KeyRingError, match=says):
        KeyRing(keys)


@pytest.mark.parametrize(
    ("number", "secret", "says"),
    [(-1, bytes(32), "number -1"), (20, bytes(32), "number 20"), (0, bytes(31), "31 bytes"), (0, b"", "0 bytes")],
)
def test_unusable_keys(number: int, secret: bytes, says: str) -> None:
    """A key is one of twenty, of exactly the size that AES-SIV takes."""
    with pytest.raises(KeyRingError, match=says):
        Key(number=number, secret=secret)


def test_twenty_keys() -> None:
    """Every number has a character of its own, and opens what it sealed."""
    keys = [Key(number=number, secret=bytes([number]) * SECRET_BYTES) for number in range(20)]
    tokens = [seal(KeyRing([key]), SAMPLE) for key in keys]
    ring = KeyRing(keys)
    assert ("ABCDEFGHIJKLMNOPQRST", {SAMPLE.destination}) == (
        "".join(token[-1] for token in tokens),
        {open_token(ring, token).destination for token in tokens},
    )


def test_secrets_stay_out_of_sight() -> None:
    """A key that is printed or logged does not show its secret."""
    assert "secret" not in repr(OLD)
