import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.model.consent import Consent
from clicktrail.server.pipeline.instructions import Instructions, take_instructions


def test_our_headers_are_read_and_removed() -> None:
    """What is left is the message without them, otherwise the same bytes."""
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
    """A field goes on in lines that begin with white space."""
    raw = b"X-Clicktrail-Campaign:\n winter\n\tsale\nSubject: Hi\n\nbody"

    assert Instructions(raw=b"Subject: Hi\n\nbody", campaign="winter\tsale") == take_instructions(raw)


def test_encoded_words_are_decoded() -> None:
    """Mail libraries write names beyond ASCII as encoded words."""
    raw = b"X-Clicktrail-Campaign: =?utf-8?q?gr=C3=BCn?=\r\n\r\n"

    assert Instructions(raw=b"\r\n", campaign="grün") == take_instructions(raw)


def test_the_first_of_two_counts_and_both_go() -> None:
    """No instruction of ours ever reaches a recipient."""
    raw = b"X-Clicktrail-Campaign: one\r\nX-Clicktrail-Campaign: two\r\n\r\n"

    assert Instructions(raw=b"\r\n", campaign="one") == take_instructions(raw)


@given(st.binary())
def test_what_has_no_header_of_ours_stays_as_it_is(raw: bytes) -> None:
    """Any bytes pass, and unchanged."""
    assert Instructions(raw=raw) == take_instructions(raw)


def test_a_long_value_is_cut() -> None:
    """It goes into every link, and a link of many thousand characters reaches nobody."""
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
    """A slip of the sender's must not have somebody tracked who said no."""
    assert told is take_instructions(header + b"\r\n").told_consent
