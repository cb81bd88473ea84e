"""Rings of keys: which key seals, and which tokens open."""

from datetime import UTC, datetime

import pytest

from clicktrail.errors import KeyRingError, TokenForgedError
from clicktrail.tokens import (
    SECRET_BYTES,
    Key,
    KeyRing,
    KeyState,
    SealedLink,
    TokenFormat,
    identify_key,
    open_token,
    seal_token,
)

OLD = Key(number=0, secret=bytes(range(32)))
NEW = Key(number=7, secret=bytes(range(32, 64)))

SAMPLE = SealedLink(
    destination="https://shop.example/spring",
    message_id="01jdc5zk3q9w7m8n",
    recipient="ada@reader.example",
    campaign="spring sale",
    position=4,
    link_count=12,
    sent_at=datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
)


def test_rotation() -> None:
    before = seal_token(KeyRing([OLD]), SAMPLE)
    rotated = KeyRing([NEW, Key(number=OLD.number, secret=OLD.secret, state=KeyState.OPEN)])
    after = seal_token(rotated, SAMPLE)
    assert ("A", "H", SAMPLE, SAMPLE) == (
        before[-1],
        after[-1],
        open_token(rotated, before),
        open_token(rotated, after),
    )


def test_a_key_that_only_opens_does_not_seal() -> None:
    ring = KeyRing([Key(number=3, secret=NEW.secret, state=KeyState.OPEN), OLD])
    assert "A" == seal_token(ring, SAMPLE)[-1]


def test_revocation() -> None:
    token = seal_token(KeyRing([OLD]), SAMPLE)
    ring = KeyRing([NEW, Key(number=OLD.number, secret=OLD.secret, state=KeyState.REVOKED)])
    with pytest.raises(TokenForgedError, match="revoked"):
        open_token(ring, token)


def test_lost_key() -> None:
    with pytest.raises(TokenForgedError, match="not in the ring"):
        open_token(KeyRing([NEW]), seal_token(KeyRing([OLD]), SAMPLE))


def test_same_number_other_secret() -> None:
    with pytest.raises(TokenForgedError, match="no key of the ring sealed this token"):
        open_token(KeyRing([Key(number=0, secret=NEW.secret)]), seal_token(KeyRing([OLD]), SAMPLE))


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
    with pytest.raises(KeyRingError, match=says):
        KeyRing(keys)


@pytest.mark.parametrize(
    ("number", "secret", "says"),
    [(-1, bytes(32), "number -1"), (20, bytes(32), "number 20"), (0, bytes(31), "31 bytes"), (0, b"", "0 bytes")],
)
def test_unusable_keys(number: int, secret: bytes, says: str) -> None:
    with pytest.raises(KeyRingError, match=says):
        Key(number=number, secret=secret)


def test_twenty_keys() -> None:
    keys = [Key(number=number, secret=bytes([number]) * SECRET_BYTES) for number in range(20)]
    tokens = [seal_token(KeyRing([key]), SAMPLE) for key in keys]
    ring = KeyRing(keys)
    assert ("ABCDEFGHIJKLMNOPQRST", [key.last_character(TokenFormat.SEALED) for key in keys], {SAMPLE.destination}) == (
        "".join(token[-1] for token in tokens),
        [token[-1] for token in tokens],
        {open_token(ring, token).destination for token in tokens},
    )


def test_secrets_stay_out_of_sight() -> None:
    assert "secret" not in repr(OLD)


def test_the_last_character_names_format_and_key() -> None:
    key = Key(number=19, secret=NEW.secret)
    assert [(TokenFormat.SEALED, 19), (TokenFormat.CAMPAIGN, 19), None, None, None] == [
        identify_key(key.last_character(TokenFormat.SEALED)),
        identify_key(f"anything{key.last_character(TokenFormat.CAMPAIGN)}"),
        identify_key("9"),
        identify_key("-"),
        identify_key(""),
    ]


def test_a_format_does_not_open_as_another() -> None:
    ring = KeyRing([OLD])
    token = ring.encrypt(b"content", TokenFormat.CAMPAIGN)
    with pytest.raises(TokenForgedError):
        ring.decrypt(token[:-1] + OLD.last_character(TokenFormat.SEALED))
