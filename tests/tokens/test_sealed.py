"""Tokens of the sealed format: they open to what was sealed, and to nothing else."""

import base64
import hashlib
import statistics
import string
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.tokens.destinations import MEASUREMENT_WORDS, generate_payloads
from clicktrail.errors import TokenError, TokenForgedError, TokenMalformedError
from clicktrail.tokens import Key, KeyRing, SealedLink, open_token, seal_token

OLD = Key(number=0, secret=bytes(range(32)))
NEW = Key(number=7, secret=bytes(range(32, 64)))
RING = KeyRing([NEW, OLD])

SAMPLE = SealedLink(
    destination="https://shop.example/spring?colour=gr%C3%BCn&utm_source=news#top",
    message_id="01jdc5zk3q9w7m8n",
    recipient="ada@reader.example",
    campaign="spring sale",
    position=4,
    link_count=12,
    sent_at=datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
)

ALPHABET = string.ascii_letters + string.digits + "-_"
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
instants = st.integers(0, 2**33).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
sealeds = st.builds(
    SealedLink,
    destination=texts,
    message_id=texts,
    recipient=texts,
    campaign=texts,
    position=st.integers(0, 10_000),
    link_count=st.integers(0, 10_000),
    sent_at=instants,
    group=texts,
    is_trap=st.booleans(),
)


@given(sealed=sealeds)
def test_open_undoes_seal(sealed: SealedLink) -> None:
    assert sealed == open_token(RING, seal_token(RING, sealed))


@given(sealed=sealeds)
def test_shape(sealed: SealedLink) -> None:
    token = seal_token(RING, sealed)
    assert (set(), True) == (set(token) - set(ALPHABET), token[-1].isalnum())


@given(sealed=sealeds)
def test_sealing_is_deterministic(sealed: SealedLink) -> None:
    assert seal_token(RING, sealed) == seal_token(KeyRing([NEW, OLD]), sealed)


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
def test_damaged_tokens_never_open(data: st.DataObject, sealed: SealedLink) -> None:
    token = seal_token(RING, sealed)
    other = data.draw(damaged(token).filter(lambda text: text != token))
    with pytest.raises(TokenError):
        open_token(RING, other)


@given(text=st.text(max_size=200) | st.text(ALPHABET, max_size=200))
def test_made_up_tokens_never_open(text: str) -> None:
    with pytest.raises(TokenError):
        open_token(RING, text)


def test_every_single_change_of_a_sample() -> None:
    token = seal_token(RING, SAMPLE)
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


VECTORS = tomllib.loads(Path(__file__).with_name("vectors.toml").read_text("utf-8"))
"""Tokens sealed by key 0, whose secret is the bytes 0 to 31, and texts that it must refuse. They hold for ever."""

REFUSALS = {error.code: error for error in (TokenMalformedError, TokenForgedError)}


@pytest.mark.parametrize("vector", VECTORS["opens"], ids=lambda vector: f"{vector['name']}-{vector['payload']}")
def test_tokens_that_open_for_ever(vector: dict[str, Any]) -> None:
    expected = SealedLink(**{name: vector[name] for name in SealedLink.__struct_fields__ if name in vector})
    assert expected == open_token(KeyRing([OLD]), vector["token"])


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["name"])
def test_tokens_that_never_open(vector: dict[str, str]) -> None:
    with pytest.raises(REFUSALS[vector["error"]], match=vector["says"]):
        open_token(KeyRing([OLD]), vector["token"])


def test_the_longest_token() -> None:
    with pytest.raises(TokenForgedError):
        open_token(RING, "A" * 8_000)
    with pytest.raises(TokenMalformedError, match="not a token of a known format"):
        open_token(RING, "A" * 8_001)


def test_the_longest_link_opens() -> None:
    letters = base64.urlsafe_b64encode(hashlib.shake_256(b"").digest(3_750)).decode()
    sealed = msgspec.structs.replace(
        SAMPLE, destination=f"https://a.example/{letters}", campaign=letters[:255], recipient=letters[-255:]
    )
    assert sealed == open_token(RING, seal_token(RING, sealed))


def test_a_payload_that_does_not_compress_stays_as_it_is() -> None:
    sealed = msgspec.structs.replace(SAMPLE, destination="ab", message_id="", recipient="", campaign="")
    payload = msgspec.msgpack.encode(("ab", "", "", "", 4, 12, int(SAMPLE.sent_at.timestamp())))
    token = seal_token(RING, sealed)
    assert (b"\x00" + payload, sealed) == (RING.decrypt(token), open_token(RING, token))


def test_length() -> None:
    lengths = [
        len(seal_token(RING, sealed))
        for sealed in generate_payloads(MEASUREMENT_WORDS, count=1_000, seed=2)
        if 130 <= len(sealed.destination) <= 162
    ]
    assert 150 >= statistics.median(lengths)


def test_other_spellings_do_not_open() -> None:
    token = seal_token(RING, SAMPLE)
    text, key = token[:-1], token[-1]
    padded = text + "=" * (-len(text) % 4)
    standard = text.replace("-", "+").replace("_", "/")
    assert len({text, padded, standard}) == len((text, padded, standard))
    others = (padded, padded + "=", standard, text + ".", text)
    assert [False, False, False, False, True] == [opens(RING, other + key) for other in others]
