from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import SettingsError
from clicktrail.rewrite.sensitive import parse_sensitive_rules
from tests.support.link_texts import LANGUAGE_SAMPLES

RULES = parse_sensitive_rules((resources.files("clicktrail.rewrite") / "data" / "sensitive.toml").read_text("utf-8"))


def find_rule_name(subject: bytes, *, stream: str = "") -> str:
    """Name of the matching rule; empty if the message may be tracked."""
    rule = RULES.find_rule(b"From: a@example.com\r\nSubject: " + subject + b"\r\n\r\nHi", stream=stream)
    return rule.name if rule else ""


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (b"Reset your Password!", "password-reset"),
        (b"Reset\r\n your password", "password-reset"),
        (b"=?utf-8?q?Passwort_zur=C3=BCcksetzen?=", "password-reset"),
        ("Passwort zurücksetzen".encode(), "password-reset"),
        (b"Example: your one-time code is 123456", "sign-in"),
        (b"Your lab results are ready", "health"),
        (b"A new season, a new you", ""),
        (b"Our password resetting contest", ""),
        (b"=?x-none?q?a?= =?utf-8?b?====?=", ""),
    ],
)
def test_subject_matches_a_rule(subject: bytes, expected: str) -> None:
    assert find_rule_name(subject) == expected


SUBJECTS = LANGUAGE_SAMPLES["subjects"]
NAMES = ["password-reset", "sign-in", "invoice", "health"]


@pytest.mark.parametrize(
    ("language", "subject", "name"),
    [
        (language, subject, name)
        for language, subjects in SUBJECTS.items()
        for subject, name in zip(subjects, NAMES, strict=True)
    ],
)
def test_subject_matches_in_each_language(language: str, subject: str, name: str) -> None:
    assert (language, find_rule_name(subject.encode())) == (language, name)


def test_every_language_has_subjects_for_every_rule() -> None:
    assert {tuple(rule.subjects) for rule in RULES.rules} == {tuple(SUBJECTS)}
    assert [rule.name for rule in RULES.rules] == NAMES


@pytest.mark.parametrize("subject", LANGUAGE_SAMPLES["ordinary_subjects"])
def test_ordinary_subject_matches_no_rule(subject: str) -> None:
    assert find_rule_name(subject.encode()) == ""


@pytest.mark.parametrize(("stream", "expected"), [("OTP", "sign-in"), (" health ", "health"), ("news", ""), ("", "")])
def test_stream_matches_a_rule(stream: str, expected: str) -> None:
    assert find_rule_name(b"Hi", stream=stream) == expected


def test_all_subjects_are_matched() -> None:
    rule = RULES.find_rule(b"Subject: Hi\nSubject: Password reset\n\n")
    assert rule is not None
    assert rule.name == "password-reset"


@pytest.mark.parametrize("text", ["rules = 1", "version = 2026-11-23\nrules = [{ name = 'a', other = 1 }]"])
def test_invalid_rules_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="in the sensitive rules file"):
        parse_sensitive_rules(text)


@given(st.binary(), st.text())
def test_arbitrary_bytes_never_raise(raw: bytes, stream: str) -> None:
    assert RULES.find_rule(raw, stream=stream) in [None, *RULES.rules]
