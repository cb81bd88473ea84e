"""Fold text, and find words and phrases of any language and spelling in it."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Protocol

import re2

ANY_LETTER = r"[^ \n]"
"""RE2 pattern of a character of a folded word."""

_ACCENTS = re.compile(r"[\u0300-\u036f]")
_WITHOUT_DECOMPOSITION = str.maketrans(
    {"\N{LATIN SMALL LETTER DOTLESS I}": "i", "ł": "l", "đ": "d", "ø": "o", "ß": "ss", "æ": "ae", "œ": "oe"}
)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", re.ASCII)
_NOT_IN_WORDS = re.compile(r"(?:[^\w\u0e31-\u0e4e\u0900-\u0963]|_)++")  # vowel signs of Thai and Hindi are no letters
_NOT_IN_LINES = re.compile(r"(?:[^\w\n\u0e31-\u0e4e\u0900-\u0963]|_)++")
_UNSPACED_SCRIPTS = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af]")
"""Thai, Japanese and Chinese have no spaces between words, and Korean adds endings."""

_GAP = "..."
_MIN_SIGN_CHARS = 5
_FREQUENT_WORDS = frozenset(
    {"about", "email", "emails", "mails", "these", "those", "newsletter", "would", "please", "letter"}
)
"""Words of many links that no phrase is about: texts are searched for others first."""

_OPTIONS = re2.Options()
_OPTIONS.never_capture = True
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 64 << 20  # RE2 falls back to a slow search beyond it; the phrases of a file take a few MB


class Match(Protocol):
    """A match of an RE2 pattern."""

    def __getitem__(self, index: int) -> str:
        """Return the matched text."""

    def start(self) -> int:
        """Return the offset of the match."""


class Pattern(Protocol):
    """A compiled RE2 pattern."""

    def search(self, text: str) -> Match | None:
        """Return the first match; None if there is none."""

    def finditer(self, text: str) -> Iterator[Match]:
        """Yield all matches."""


def fold_text(text: str) -> str:
    """Lower-case the text and remove accents from Latin letters."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed)).translate(_WITHOUT_DECOMPOSITION)


def split_words(text: str, *, separator: str = " ") -> str:
    """Return the folded words of a text: ``user[resetToken]`` becomes ``user reset token``."""
    return _NOT_IN_WORDS.sub(separator, fold_text(_WORD_START.sub("_", text))).strip(separator)


def split_words_of_lines(text: str) -> list[str]:
    """Return the folded words of each line."""
    lines = _NOT_IN_LINES.sub(" ", fold_text(_WORD_START.sub("_", text)))
    return [line.strip() for line in lines.split("\n")]


def normalize_words(text: str) -> str:
    """Return the folded words of prose, with spaces between them. Camel case is not split."""
    return _NOT_IN_WORDS.sub(" ", fold_text(text)).strip()


@cache
def spell_phrase(phrase: str) -> tuple[str, ...]:
    """Return the spellings of a phrase in folded text: without accents, and with umlauts as two letters.

    A phrase is words with single spaces between them, in NFC. It has no punctuation but ``*`` and ``...``.
    """
    return tuple(dict.fromkeys((fold_text(phrase), fold_text(phrase.translate(_UMLAUTS)))))


def build_sign(spelling: str) -> str:
    """Build an RE2 pattern that each match of a spelled phrase contains, also before the text is split into words."""
    words = [word.strip("*") for word in spelling.split() if word != _GAP]
    rare_words = [word for word in words if word not in _FREQUENT_WORDS and len(word) >= _MIN_SIGN_CHARS]
    if rare_words or any(map(_UNSPACED_SCRIPTS.search, words)):
        return escape_re2(max(rare_words or words, key=len))
    return "[^a-z]{0,3}".join(map(escape_re2, words))


def build_phrase_pattern(phrases: Iterable[str]) -> str:
    """Build an RE2 pattern of folded words.

    Spaces are optional. ``*`` at the start or end of a word is any part of a word, and ``...`` up to three words.
    """
    return "|".join(dict.fromkeys(pattern for phrase in phrases for pattern in _build_patterns(phrase)))


def compile_phrases(phrases: Iterable[str]) -> Pattern:
    """Compile phrases to a pattern that finds them as whole words in folded text."""
    return compile_re2(f"(?:^|[ \\n])(?:{build_phrase_pattern(phrases)})(?:[ \\n]|$)")


def compile_lines(phrases: Iterable[str], *, before: str = "", after: str = "") -> Pattern:
    """Compile phrases to a pattern that finds them as whole lines of folded text."""
    return compile_re2(f"(?m)^{before}(?:{build_phrase_pattern(phrases)}){after}$")


def escape_re2(text: str) -> str:
    """Escape a text for an RE2 pattern."""
    escaped: str = re2.escape(text)
    return escaped


def compile_re2(pattern: str) -> Pattern:
    """Compile an RE2 pattern."""
    compiled: Pattern = re2.compile(pattern, _OPTIONS)
    return compiled


def compile_set(*patterns: str) -> re2.Set:
    """Compile RE2 patterns to a set. Its `Match` returns the indexes of those that a text contains, or None."""
    compiled = re2.Set.SearchSet(_OPTIONS)
    for pattern in patterns:
        compiled.Add(pattern)
    compiled.Compile()
    return compiled


def remove_longer(words: Iterable[str], *, min_chars: int = 1) -> list[str]:
    """Remove words that contain another one of at least ``min_chars``."""
    kept: list[str] = []
    for word in sorted(set(words), key=len):
        if not any(other in word for other in kept if len(other) >= min_chars):
            kept.append(word)
    return kept


def _build_patterns(phrase: str) -> Iterator[str]:
    for spelling in spell_phrase(phrase):
        pattern = ""
        for word in spelling.split():
            if word == _GAP:
                pattern += f"(?: {ANY_LETTER}+){{0,3}}"
            else:
                pattern += " ?" * bool(pattern) + _build_word_pattern(word)
        yield pattern


def _build_word_pattern(word: str) -> str:
    escaped = escape_re2(word.strip("*"))
    if _UNSPACED_SCRIPTS.search(word):
        return f"{ANY_LETTER}*{escaped}{ANY_LETTER}*"
    return f"{ANY_LETTER}*" * word.startswith("*") + escaped + f"{ANY_LETTER}*" * word.endswith("*")
