from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import SettingsError
from clicktrail.rewrite.sensitive import SensitiveRules, parse_sensitive_rules

RULES = parse_sensitive_rules((resources.files("clicktrail.rewrite") / "data" / "sensitive.toml").read_text("utf-8"))


def name(rules: SensitiveRules, subject: bytes, *, stream: str = "") -> str:
    """What the rules call a message; empty if it may be tracked."""
    rule = rules.find_rule(b"From: a@example.com\r\nSubject: " + subject + b"\r\n\r\nHi", stream=stream)
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
def test_a_subject_tells(subject: bytes, expected: str) -> None:
    assert expected == name(RULES, subject)


@pytest.mark.parametrize(("stream", "expected"), [("OTP", "sign-in"), (" health ", "health"), ("news", ""), ("", "")])
def test_a_stream_tells(stream: str, expected: str) -> None:
    assert expected == name(RULES, b"Hi", stream=stream)


def test_of_several_subjects_each_is_read() -> None:
    rule = RULES.find_rule(b"Subject: Hi\nSubject: Password reset\n\n")
    assert rule is not None
    assert "password-reset" == rule.name


@pytest.mark.parametrize("text", ["rules = 1", "version = 2026-11-23\nrules = [{ name = 'a', other = 1 }]"])
def test_a_file_that_says_something_else_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="in the sensitive rules file"):
        parse_sensitive_rules(text)


@given(st.binary(), st.text())
def test_arbitrary_bytes_never_raise(raw: bytes, stream: str) -> None:
    assert RULES.find_rule(raw, stream=stream) in {None, *RULES.rules}
