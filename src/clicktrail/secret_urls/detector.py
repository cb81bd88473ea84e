"""Find the secret or the signature in a URL."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

import msgspec

from clicktrail.percent_encoding import unquote
from clicktrail.phrases import ANY_LETTER, compile_lines, compile_set, split_words, split_words_of_lines
from clicktrail.secret_urls.rules import (
    TOKEN_WORDS,
    ParameterRule,
    SecretUrlRules,
    load_rules,
)
from clicktrail.secret_urls.url_parts import MAX_PATH_PARTS, UrlParts, split_url
from clicktrail.secret_urls.values import is_random

_SETS_OF_NAMES = (
    *("secret", "before_token", "random", "suffixes", "key", "digest", "signature", "expiry", "time", "person", "page"),
)
_NAME_CACHE_SIZE = 4_096
_MAX_CACHED_NAME_CHARS = 64
MAX_URL_CHARS = 10_000
"""Longer URLs, which web servers refuse, are not searched."""
_MAX_DEPTH = 2
"""A URL, and the URLs in its parameters."""
_CODE_CHARS = 6
"""A code behind an action, such as an invitation."""
_KEY_CHARS = 12
"""A key beside the name of a person."""
_KEY_FRAGMENT_CHARS = 20
_MAX_ACTION_WORDS = 4
"""Words of a part of a path that has an action. Longer parts are titles of pages."""
_NON_ASCII = r"[^\x00-\x7f]"
_TIME = re.compile(r"1[0-9]{9}(?:[0-9]{3})?|20[0-9]{2}-?[01][0-9]-?[0-3][0-9].*+", re.ASCII | re.DOTALL)
_NUMERIC_CODE = re.compile(r"[0-9]{4,10}", re.ASCII)
_MIXED_CASE = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])", re.ASCII)
_FRAGMENT_SEPARATOR = re.compile(r"[!/]")


@cache
def load_detector() -> "SecretDetector":
    """Build the detector of the package's rules; cached."""
    return SecretDetector(load_rules())


def find_secret(url: str) -> str:
    """Describe the secret or the signature that a URL carries, such as "parameter token"; empty if it has none."""
    return load_detector().find_secret(url)


@dataclass(frozen=True, slots=True)
class _Product:
    name: str
    value_patterns: Mapping[str, re.Pattern[str] | None]
    any_key: frozenset[str]

    @classmethod
    def compile(cls, rule: ParameterRule) -> "_Product":
        keys = [key.partition("=") for key in rule.keys]
        patterns = {name: re.compile(pattern) if equals else None for name, equals, pattern in keys}
        return cls(rule.name, patterns, frozenset(rule.any_key))

    def matches(self, values: Mapping[str, str]) -> bool:
        if self.any_key and self.any_key.isdisjoint(values):
            return False
        return self.value_patterns.keys() <= values.keys() and all(
            pattern is None or pattern.fullmatch(values[name]) for name, pattern in self.value_patterns.items()
        )


class _NameKind(msgspec.Struct, frozen=True, gc=False):
    """What the name of a parameter says about its value.

    Attributes:
        name: words of the name, separated by underscores, and one underscore at the start: ``user[resetToken]`` is
            ``user_reset_token``.
        is_secret: any value is secret.
        is_random_secret: a long random value is secret.
        is_key: a random value is secret beside a person or an action.
        is_digest: any value is a signature beside an expiry.
        is_signature: a random value is a signature beside an expiry or a time.
        is_ignored: an id of analytics, which is no secret.
    """

    name: str
    is_secret: bool
    is_random_secret: bool
    is_key: bool
    is_digest: bool
    is_signature: bool
    is_expiry: bool
    is_time: bool
    is_person: bool
    is_page: bool
    is_ignored: bool


_Parameter = tuple[_NameKind, str, str]
"""A parameter: the kind of its name, the name as written, and the value."""


class SecretDetector:
    """Finds the secrets and signatures of URLs by rules."""

    def __init__(self, rules: SecretUrlRules) -> None:
        names, words = rules.names, rules.words
        self._sign_set = compile_set(f"(?i){rules.build_decoded_sign_pattern()}|{_NON_ASCII}")
        self._value_set = compile_set(*(rule.pattern for rule in rules.values))
        self._path_set = compile_set(*(rule.pattern for rule in rules.paths))
        self._value_names = [rule.name for rule in rules.values]
        self._path_names = [rule.name for rule in rules.paths]
        self._products = [_Product.compile(rule) for rule in rules.parameters]
        self._product_keys = {key for product in self._products for key in (*product.value_patterns, *product.any_key)}
        self._name_sets = {field: frozenset(getattr(names, field)) for field in _SETS_OF_NAMES}
        self._ignored = re.compile("|".join(f"(?:{pattern})" for pattern in names.ignored))
        self._classify_cached_name = lru_cache(_NAME_CACHE_SIZE)(self._classify_name)
        word = f"{ANY_LETTER}+"
        before, after = f"(?:{word} )?", f"(?: {word})?"
        others = f"(?: {word}){{0,{_MAX_ACTION_WORDS - 1}}}"
        phrases = [phrase for language in words for phrase in language.phrases]
        self._phrases = compile_lines(
            (f"{phrase}*" if " " in phrase else phrase for phrase in phrases), before=before, after=after
        )
        self._parts = compile_lines(part for language in words for part in language.parts)
        other_before = f"(?:{word} ){{0,{_MAX_ACTION_WORDS - 1}}}"
        self._actions = compile_lines(
            (action for language in words for action in language.actions), before=other_before, after=others
        )
        self._steps = compile_lines(
            (step for language in words for step in language.steps), before=other_before, after=others
        )

    def find_secret(self, url: str) -> str:
        """Describe the secret or the signature that a URL carries; empty if it has none.

        A secret grants access to its bearer; a signature breaks if a parameter is added. A random value alone is only
        an id: the URL must also name an action, a person or an expiry.
        """
        if len(url) > MAX_URL_CHARS or self._sign_set.Match(unquote(url)) is None:
            return ""
        return self.search_parts(url)

    def search_parts(self, url: str) -> str:
        """Do what `find_secret` does, for a URL of any length, and without searching for signs first."""
        return next(self._find(url, depth=1), "")

    def _find(self, url: str, *, depth: int) -> Iterator[str]:
        parts = split_url(url)
        if indexes := self._value_set.Match(parts.text):
            yield self._value_names[min(indexes)]
        if indexes := self._path_set.Match(parts.text):
            yield self._path_names[min(indexes)]
        parameters = [(self._get_kind(name), name, value) for name, value in parts.parameters if value]
        yield from self._find_in_parameters(parameters)
        yield from self._find_in_path(parts, parameters)
        if _is_key(parts.fragment):
            yield "key in the fragment"
        if depth < _MAX_DEPTH:
            for _, name, value in parameters:
                if "/" in value and self._sign_set.Match(value):
                    yield from (f"{found}, in the URL of {name}" for found in self._find(value, depth=depth + 1))

    def _find_in_parameters(self, parameters: Sequence[_Parameter]) -> Iterator[str]:
        values = {kind.name: value for kind, _, value in parameters}
        if not self._product_keys.isdisjoint(values):
            yield from (product.name for product in self._products if product.matches(values))
        expiry = next((name for kind, name, _ in parameters if kind.is_expiry), "")
        time = next((name for kind, name, value in parameters if kind.is_time and _TIME.fullmatch(value)), "")
        person = next((name for kind, name, _ in parameters if kind.is_person), "")
        for kind, name, value in parameters:
            if kind.is_secret:
                yield f"parameter {name}"
            if kind.is_random_secret and is_random(value):
                yield f"random value of {name}"
            if expiry and expiry != name and _is_signature(kind, value):
                yield f"{name} with {expiry}"
            if time and kind.is_signature and is_random(value, min_chars=_KEY_CHARS):
                yield f"{name} with {time}"
            if person and kind.is_key and is_random(value, min_chars=_KEY_CHARS):
                yield f"{name} with {person}"

    def _find_in_path(self, parts: UrlParts, parameters: Sequence[_Parameter]) -> Iterator[str]:
        pages = [part for kind, _, value in parameters if kind.is_page for part in value.split("/")]
        segments = [*parts.path, *pages[:MAX_PATH_PARTS]]
        lines = split_words_of_lines("\n".join(segment.replace("\n", " ") for segment in segments))
        text = "\n".join(lines)
        pairs = "\n".join(map(" ".join, pairwise(lines)))
        if phrase := self._phrases.search(f"{text}\n{pairs}") or self._parts.search(text):
            yield f"'{phrase[0]}' in the path"
        if action := self._actions.search(text):
            codes = [
                (before, segment) for before, segment in zip(["", *lines], segments, strict=False) if _is_code(segment)
            ]
            if _has_key([segment for _, segment in codes], parameters):
                yield f"random value with '{action[0]}'"
            yield from (f"random value with '{before}'" for before, _ in codes if self._actions.search(before))
        if (step := self._steps.search(text)) and _has_long_value(segments, parameters):
            yield f"random value with '{step[0]}'"

    def _get_kind(self, name: str) -> _NameKind:
        is_long = len(name) > _MAX_CACHED_NAME_CHARS
        return self._classify_name(name) if is_long else self._classify_cached_name(name)

    def _classify_name(self, written_name: str) -> _NameKind:
        name = "_" * written_name.startswith("_") + split_words(written_name, separator="_")
        spellings = {name, name.lstrip("_")}
        names = {field for field, members in self._name_sets.items() if not spellings.isdisjoint(members)}
        before, underscore, last = name.rpartition("_")
        is_token = last in TOKEN_WORDS and (not before or before.rpartition("_")[2] in self._name_sets["before_token"])
        has_suffix = bool(underscore) and last in self._name_sets["suffixes"]
        is_ignored = self._ignored.fullmatch(name) is not None
        return _NameKind(
            name=name,
            is_secret="secret" in names or is_token,
            is_random_secret=not is_ignored and ("random" in names or has_suffix),
            is_key="key" in names,
            is_digest="digest" in names,
            is_signature="digest" in names or "signature" in names,
            is_expiry="expiry" in names,
            is_time="time" in names,
            is_person="person" in names,
            is_page="page" in names,
            is_ignored=is_ignored,
        )


def _is_signature(kind: _NameKind, value: str) -> bool:
    return (
        kind.is_digest
        or (kind.is_signature and is_random(value, min_chars=_CODE_CHARS))
        or (not kind.is_ignored and is_random(value))
    )


def _is_code(segment: str) -> bool:
    return is_random(segment, min_chars=_CODE_CHARS)


def _has_key(segments: Sequence[str], parameters: Sequence[_Parameter]) -> bool:
    return any(is_random(segment, min_chars=_KEY_CHARS) for segment in segments) or any(
        (not kind.is_ignored and is_random(value, min_chars=_CODE_CHARS))
        or (kind.is_key and _NUMERIC_CODE.fullmatch(value))
        for kind, _, value in parameters
    )


def _has_long_value(segments: Sequence[str], parameters: Sequence[_Parameter]) -> bool:
    return any(map(is_random, segments)) or any(
        not kind.is_ignored and is_random(value) for kind, _, value in parameters
    )


def _is_key(fragment: str) -> bool:
    key = _FRAGMENT_SEPARATOR.split(fragment)[-1]
    return len(key) >= _KEY_FRAGMENT_CHARS and _MIXED_CASE.match(key) is not None and is_random(key)
