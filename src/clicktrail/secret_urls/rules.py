"""Rules for URLs that carry a secret or a signature, from a TOML file, compiled to patterns."""

from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib import resources

import msgspec
import re2

from clicktrail.config_text import decode_toml
from clicktrail.phrases import remove_longer, spell_phrase

_SEPARATOR_SIGN = r"(?:[-_.\[\] ]|%5b|%5d|%20){0,3}"
_WORD_SEPARATOR_SIGN = r"(?:[-_.+/ ]|%20){0,2}"
_NAME_START_SIGN = r"(?:[?&;#\[/]|%5b|%3f|%26|%23)"
_NAME_END_SIGN = r"(?:=|%3d|\]|%5d)"
_ENCODED_LETTER_SIGN = r"%(?:[4-7][0-9a-f]|[c-f][0-9a-f]%)"
"""A letter or underscore in ASCII, or a character beyond it: names and words can be written with them."""
_KEY_FRAGMENT_SIGN = r"#[^?&=]{0,80}[\w-]{20}"


_MIN_SUBSTRING_CHARS = 4
"""Shorter words are signs only as whole words: most texts have their letters."""
TOKEN_WORDS = ("token", "jwt")


class ValueRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value or path that is secret or signed by its shape.

    Attributes:
        sign: RE2 pattern in lower case that every match contains, also percent-encoded.
        pattern: RE2 pattern of the decoded text.
        date: day on which the source was last checked.
    """

    name: str
    source: str
    date: date
    sign: str
    pattern: str


class ParameterRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of one product.

    Attributes:
        keys: names that are all present; with ``=`` and a pattern if the value must match.
        any_key: names; at least one is present.
    """

    name: str
    source: str
    date: date
    keys: tuple[str, ...] = ()
    any_key: tuple[str, ...] = ()


class NameRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names of parameters for all products; data/rules.toml explains each list."""

    source: str
    date: date
    secret: tuple[str, ...]
    before_token: tuple[str, ...]
    random: tuple[str, ...]
    suffixes: tuple[str, ...]
    key: tuple[str, ...]
    digest: tuple[str, ...]
    signature: tuple[str, ...]
    expiry: tuple[str, ...]
    time: tuple[str, ...]
    person: tuple[str, ...]
    page: tuple[str, ...]
    ignored: tuple[str, ...]


class WordRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words of paths in one language; data/rules.toml explains each list."""

    language: str
    phrases: tuple[str, ...]
    parts: tuple[str, ...] = ()
    actions: tuple[str, ...]
    steps: tuple[str, ...]


class SecretUrlRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rules file.

    Attributes:
        version: day of the last change.
    """

    version: date
    values: tuple[ValueRule, ...]
    parameters: tuple[ParameterRule, ...]
    paths: tuple[ValueRule, ...]
    names: NameRules
    words: tuple[WordRules, ...]

    def build_sign_pattern(self) -> str:
        """RE2 pattern of lower-case text. Every URL that carries a secret contains a match, also percent-encoded."""
        return f"{_ENCODED_LETTER_SIGN}|{self.build_decoded_sign_pattern()}"

    def build_decoded_sign_pattern(self) -> str:
        """Do the same for percent-decoded text, in which fewer URLs contain a match."""
        return "|".join(dict.fromkeys(self._iter_signs()))

    def _iter_signs(self) -> Iterator[str]:
        yield _KEY_FRAGMENT_SIGN
        yield from (rule.sign for rule in (*self.values, *self.paths))
        words = remove_longer(self._iter_ascii_words(), min_chars=_MIN_SUBSTRING_CHARS)
        yield from map(_build_word_sign, words)
        product_keys = [key.partition("=")[0] for rule in self.parameters for key in (rule.keys[:1] or rule.any_key)]
        names = self.names
        for name in (*product_keys, *names.secret, *names.random, *names.key, *names.digest, *names.signature):
            if not any(word in name for word in words if len(word) >= _MIN_SUBSTRING_CHARS):
                stem = _SEPARATOR_SIGN.join(re2.escape(part) for part in name.strip("_").split("_"))
                yield f"{_NAME_START_SIGN}{stem}{_NAME_END_SIGN}" if name.isalnum() else f"{stem}{_NAME_END_SIGN}"
        yield f"(?:{'|'.join(self.names.suffixes)}){_NAME_END_SIGN}"

    def _iter_ascii_words(self) -> Iterator[str]:
        yield from TOKEN_WORDS
        for language in self.words:
            for phrase in (*language.phrases, *language.parts, *language.actions, *language.steps):
                # Other words are percent-encoded, which is a sign of its own.
                yield from (spelling.strip("*") for spelling in spell_phrase(phrase) if spelling.isascii())


def _build_word_sign(word: str) -> str:
    sign = _WORD_SEPARATOR_SIGN.join(map(re2.escape, word.split()))
    return f"(?:[^a-z]|^){sign}(?:[^a-z]|$)" if len(word) < _MIN_SUBSTRING_CHARS else sign


@cache
def load_rules() -> SecretUrlRules:
    """Read the package's rules; cached."""
    text = (resources.files("clicktrail.secret_urls") / "data" / "rules.toml").read_text("utf-8")
    return parse_rules(text)


def parse_rules(text: str) -> SecretUrlRules:
    """Parse a rules file.

    Raises:
        SettingsError: not TOML, or an unknown or missing key.
    """
    return decode_toml(text, SecretUrlRules, name="the rules for secret URLs")
