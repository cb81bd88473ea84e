"""What links are for, by their texts in many languages. The texts are TOML."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

import msgspec

from clicktrail.config_text import decode_toml
from clicktrail.phrases import Pattern, build_sign, compile_lines, compile_phrases, normalize_words, spell_phrase


class LanguageTexts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Texts in one language; data/link_texts.toml explains each list."""

    language: str
    unsubscribe: tuple[str, ...]
    unsubscribe_labels: tuple[str, ...] = ()
    preferences: tuple[str, ...]
    preferences_labels: tuple[str, ...] = ()
    sensitive: tuple[str, ...]


class LinkTexts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The texts of a file.

    Attributes:
        version: day on which they were last checked.
    """

    version: date
    languages: tuple[LanguageTexts, ...]

    def iter_signs(self) -> Iterator[str]:
        """Yield RE2 patterns. Each link with such a text contains a match of one."""
        for texts in self.languages:
            labels = (*texts.unsubscribe_labels, *texts.preferences_labels)
            for phrase in (*texts.unsubscribe, *texts.preferences, *texts.sensitive, *labels):
                yield from map(build_sign, spell_phrase(phrase))


@dataclass(frozen=True, slots=True)
class PurposeTexts:
    """Texts of links for one purpose: phrases within a text, and whole texts."""

    phrases: Pattern
    labels: Pattern

    @classmethod
    def compile(cls, phrases: Iterable[str], labels: Iterable[str]) -> "PurposeTexts":
        """Compile the texts of all languages."""
        return cls(compile_phrases(phrases), compile_lines(labels))

    def match(self, label: str) -> str:
        """Return the words of a link's text that say so; empty if none do."""
        words = normalize_words(label)
        match = self.phrases.search(words) or self.labels.search(words)
        return match[0].strip() if match else ""


@dataclass(frozen=True, slots=True)
class CompiledTexts:
    """Compiled texts by purpose."""

    unsubscribe: PurposeTexts
    preferences: PurposeTexts
    sensitive: PurposeTexts


@cache
def load_link_texts() -> LinkTexts:
    """Read the package's texts; cached."""
    return parse_link_texts((resources.files("clicktrail.rewrite") / "data" / "link_texts.toml").read_text("utf-8"))


@cache
def compile_link_texts() -> CompiledTexts:
    """Compile the package's texts; cached."""
    languages = load_link_texts().languages
    return CompiledTexts(
        unsubscribe=PurposeTexts.compile(
            (phrase for texts in languages for phrase in texts.unsubscribe),
            (label for texts in languages for label in texts.unsubscribe_labels),
        ),
        preferences=PurposeTexts.compile(
            (phrase for texts in languages for phrase in texts.preferences),
            (label for texts in languages for label in texts.preferences_labels),
        ),
        sensitive=PurposeTexts.compile((phrase for texts in languages for phrase in texts.sensitive), ()),
    )


def parse_link_texts(text: str) -> LinkTexts:
    """Parse a file of link texts.

    Raises:
        SettingsError: not TOML, or an unknown or missing key.
    """
    return decode_toml(text, LinkTexts, name="the link texts")
