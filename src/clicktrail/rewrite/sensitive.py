"""Detect sensitive messages, which must not be tracked: password resets, sign-in codes, invoices, health."""

from dataclasses import dataclass
from datetime import date
from itertools import chain

import msgspec

from clicktrail.config_text import decode_toml
from clicktrail.phrases import Pattern, compile_phrases, normalize_words
from clicktrail.rewrite.encoded_words import decode_header_value
from clicktrail.rewrite.mime import Headers, parse_headers


class SensitiveRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of sensitive message.

    Attributes:
        date: day on which the source was last checked.
        streams: values of X-Clicktrail-Stream that match, in any case.
        subjects: phrases by language, which match within a subject, in any case and with any punctuation between words.
    """

    name: str
    source: str
    date: date
    streams: tuple[str, ...] = ()
    subjects: dict[str, tuple[str, ...]] = {}


class _RulesFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: date
    rules: tuple[SensitiveRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SensitiveRules:
    """The rules of a file.

    Attributes:
        version: day of the last change.
        rules: rules in order; the first match counts.
        patterns: the subjects of each rule.
    """

    version: date
    rules: tuple[SensitiveRule, ...]
    patterns: tuple[Pattern, ...]

    def find_rule(self, raw: bytes, *, stream: str = "") -> SensitiveRule | None:
        """Return the first rule that matches the stream or any subject of a message; None if it may be tracked."""
        headers = parse_headers(raw, 0, len(raw))
        values = headers.fields.get("subject", ()) if isinstance(headers, Headers) else ()
        subjects = [normalize_words(decode_header_value(value.encode("latin-1"))) for value in values]
        for rule, pattern in zip(self.rules, self.patterns, strict=True):
            has_stream = stream.strip().casefold() in {name.casefold() for name in rule.streams}
            if has_stream or any(map(pattern.search, subjects)):
                return rule
        return None


def parse_sensitive_rules(text: str) -> SensitiveRules:
    """Parse a rules file.

    Raises:
        SettingsError: not TOML, or an unknown or missing key.
    """
    file = decode_toml(text, _RulesFile, name="the sensitive rules file")
    patterns = [compile_phrases(chain.from_iterable(rule.subjects.values())) for rule in file.rules]
    return SensitiveRules(version=file.version, rules=file.rules, patterns=tuple(patterns))
