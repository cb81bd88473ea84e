"""Tell messages that nobody may follow into: password resets, sign-in codes, health; by rules from a TOML file."""

import re
from datetime import date
from email.errors import HeaderParseError
from email.header import decode_header, make_header

import msgspec

from clicktrail.config_text import decode_toml
from clicktrail.rewrite.mime import parse_headers

__all__ = ["SensitiveRule", "SensitiveRules", "parse_sensitive_rules"]

_WORD = re.compile(r"\w+")


class SensitiveRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of message.

    Attributes:
        name: what it is called, a slug.
        source: where it is written down why it is sensitive.
        date: when that was last looked at.
        streams: names of streams, whatever their case.
        subjects: words that follow each other in a subject, whatever their case and the punctuation between them.
    """

    name: str
    source: str
    date: date
    streams: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()


class SensitiveRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A set of rules.

    Attributes:
        version: the day of its last change.
        rules: the first that fits counts.
    """

    version: date
    rules: tuple[SensitiveRule, ...]

    def find_rule(self, raw: bytes, *, stream: str = "") -> SensitiveRule | None:
        """The rule that a message falls under, None if it may be tracked.

        Args:
            raw: the message (RFC 5322); of several subjects all are read.
            stream: what its sender calls its kind; empty if nothing.
        """
        headers = parse_headers(raw, 0, len(raw))
        subjects = (
            [_normalize_words(_decode_subject(subject)) for subject in headers.fields.get("subject", ())]
            if headers
            else []
        )
        for rule in self.rules:
            by_stream = stream.strip().casefold() in {name.casefold() for name in rule.streams}
            if by_stream or any(
                _normalize_words(phrase) in subject for phrase in rule.subjects for subject in subjects
            ):
                return rule
        return None


def parse_sensitive_rules(text: str) -> SensitiveRules:
    """Read a rules file.

    Raises:
        SettingsError: not TOML, or an unknown or missing key.
    """
    return decode_toml(text, SensitiveRules, name="the sensitive rules file")


def _normalize_words(text: str) -> str:
    """Its words, each between spaces."""
    return f" {' '.join(_WORD.findall(text.casefold()))} "


def _decode_subject(subject: str) -> str:
    """A subject with its encoded words (RFC 2047) decoded, and its own bytes as UTF-8 (RFC 6532)."""
    text = subject.encode("latin-1").decode("utf-8", "replace")
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, ValueError):
        return text
