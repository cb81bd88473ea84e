"""Detect sensitive messages, which must not be tracked: password resets, sign-in codes, health. Rules are TOML."""

import re
from datetime import date

import msgspec

from clicktrail.config_text import decode_toml
from clicktrail.rewrite.encoded_words import decode_header_value
from clicktrail.rewrite.mime import Headers, parse_headers

_WORD = re.compile(r"\w+")


class SensitiveRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of sensitive message.

    Attributes:
        date: day on which the source was last checked.
        streams: values of X-Clicktrail-Stream that match, in any case.
        subjects: phrases that match within a subject, in any case and with any punctuation between the words.
    """

    name: str
    source: str
    date: date
    streams: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()


class SensitiveRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rules of a file.

    Attributes:
        version: day of the last change.
        rules: rules in order; the first match counts.
    """

    version: date
    rules: tuple[SensitiveRule, ...]

    def find_rule(self, raw: bytes, *, stream: str = "") -> SensitiveRule | None:
        """Return the first rule that matches the stream or any subject of a message; None if it may be tracked."""
        headers = parse_headers(raw, 0, len(raw))
        values = headers.fields.get("subject", ()) if isinstance(headers, Headers) else ()
        subjects = [_normalize_words(decode_header_value(value.encode("latin-1"))) for value in values]
        for rule in self.rules:
            has_stream = stream.strip().casefold() in {name.casefold() for name in rule.streams}
            phrases = [_normalize_words(phrase) for phrase in rule.subjects]
            if has_stream or any(phrase in subject for phrase in phrases for subject in subjects):
                return rule
        return None


def parse_sensitive_rules(text: str) -> SensitiveRules:
    """Parse a rules file.

    Raises:
        SettingsError: not TOML, or an unknown or missing key.
    """
    return decode_toml(text, SensitiveRules, name="the sensitive rules file")


def _normalize_words(text: str) -> str:
    """Lower-case the words and put spaces around each, so that phrases match whole words only."""
    return f" {' '.join(_WORD.findall(text.casefold()))} "
