"""An edge proves by a challenge that it has our key ring."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.tokens import NONCE_BYTES, SECRET_BYTES, EdgeProof, Key, KeyRing, KeyState

HOST = "links.example.com"
NONCE = b"n" * NONCE_BYTES
OLD, NEW = Key(number=0, secret=b"o" * SECRET_BYTES), Key(number=1, secret=b"n" * SECRET_BYTES)
PROOF = EdgeProof(KeyRing([NEW, OLD]))


def test_an_edge_with_our_keys_answers() -> None:
    challenge = PROOF.seal_challenge(HOST, NONCE)
    answer = EdgeProof(KeyRing([OLD, NEW])).answer(HOST, challenge)
    assert answer is not None
    assert PROOF.is_answer(answer, host=HOST, challenge=challenge)


def test_an_edge_answers_with_a_key_that_only_opens() -> None:
    opens = Key(number=1, secret=NEW.secret, state=KeyState.OPEN)
    assert EdgeProof(KeyRing([OLD, opens])).answer(HOST, PROOF.seal_challenge(HOST, NONCE))


@pytest.mark.parametrize(
    "ring",
    [
        KeyRing([OLD]),
        KeyRing([Key(number=1, secret=b"x" * SECRET_BYTES)]),
        KeyRing([OLD, Key(number=1, secret=NEW.secret, state=KeyState.REVOKED)]),
    ],
    ids=["without the key", "another key", "revoked"],
)
def test_an_edge_without_the_key_does_not_answer(ring: KeyRing) -> None:
    assert EdgeProof(ring).answer(HOST, PROOF.seal_challenge(HOST, NONCE)) is None


def test_a_challenge_is_for_one_host() -> None:
    assert PROOF.answer("other.example.com", PROOF.seal_challenge(HOST, NONCE)) is None


def test_the_answer_to_another_challenge_is_no_answer() -> None:
    challenge, other = PROOF.seal_challenge(HOST, NONCE), PROOF.seal_challenge(HOST, b"m" * NONCE_BYTES)
    assert not PROOF.is_answer(PROOF.answer(HOST, other) or "", host=HOST, challenge=challenge)
    assert not PROOF.is_answer(challenge, host=HOST, challenge=challenge)


@given(st.text())
def test_other_text_is_neither_challenge_nor_answer(text: str) -> None:
    assert PROOF.answer(HOST, text) is None
    assert not PROOF.is_answer(text, host=HOST, challenge=PROOF.seal_challenge(HOST, NONCE))
