"""Signs of quoted replies and forwarded messages, by mail program. The signs are TOML."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources

import msgspec

from clicktrail.config_text import decode_toml


class QuoteScope(StrEnum):
    """How far a quote goes."""

    ELEMENT = "element"
    """Up to the end tag."""

    REST = "rest"
    """The rest of the message."""


class QuoteSign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An attribute that mail programs write; data/quoted_replies.toml explains each field."""

    program: str
    tag: str = ""
    attribute: str
    value: str
    scope: QuoteScope
    source: str
    date: date


class QuotedReplies(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The signs of a file.

    Attributes:
        version: day on which they were last checked.
        dividers: texts of a line above a quoted message in plain text.
        first_fields: names of the first field below a line of underscores in plain text.
    """

    version: date
    dividers: tuple[str, ...]
    first_fields: tuple[str, ...]
    sign: tuple[QuoteSign, ...]


# Outlook, Gmail and Yahoo rename the classes and ids of a message that they quote.
_ADDED_PREFIX = re.compile(r"(?:x_|m_-?\d+|ydp[0-9a-f]{6,8})++")
_NUMBER = re.compile(r"_\d++\Z")
_WORDS = frozenset({"class", "id", "name"})


@dataclass(frozen=True, slots=True)
class QuoteSigns:
    """Compiled signs.

    Attributes:
        pattern: RE2 pattern of the values. A tag without a match of it is no sign.
        by_attribute: signs by the name of their attribute.
    """

    pattern: str
    by_attribute: Mapping[str, Sequence[QuoteSign]]

    def find(self, tag: str, attributes: Mapping[str, str]) -> QuoteSign | None:
        """Return the first sign that a tag has; names in lower case."""
        for name in filter(attributes.__contains__, self.by_attribute):
            value = attributes[name]
            words = _split_words(value) if name in _WORDS else ()
            for sign in self.by_attribute[name]:
                if sign.tag in {"", tag} and (sign.value in words or _has_value(sign, value)):
                    return sign
        return None


def _split_words(value: str) -> Sequence[str]:
    return [_NUMBER.sub("", _ADDED_PREFIX.sub("", word, count=1)) for word in value.split()]


def _has_value(sign: QuoteSign, value: str) -> bool:
    match sign.attribute:
        case "style":
            declarations = "".join(value.split()).lower().split(";")
            return all(
                any(declaration.startswith(wanted) for declaration in declarations)
                for wanted in sign.value.lower().split(";")
            )
        case "cite":
            return value.strip().lower().startswith(sign.value)
        case attribute if attribute in _WORDS:
            return False
        case _:
            return value.strip().lower() == sign.value.lower()


@cache
def load_quoted_replies() -> QuotedReplies:
    """Read the package's signs; cached."""
    return parse_quoted_replies(
        (resources.files("clicktrail.rewrite") / "data" / "quoted_replies.toml").read_text("utf-8")
    )


@cache
def compile_quote_signs() -> QuoteSigns:
    """Compile the package's signs; cached."""
    signs = load_quoted_replies().sign
    values = {_build_value_pattern(sign) for sign in signs}
    return QuoteSigns(
        pattern="|".join(sorted(values)),
        by_attribute={
            attribute: [sign for sign in signs if sign.attribute == attribute]
            for attribute in dict.fromkeys(sign.attribute for sign in signs)
        },
    )


def _build_value_pattern(sign: QuoteSign) -> str:
    if sign.attribute == "style":
        longest_declaration = max(sign.value.split(";"), key=len)
        return r"\s*".join(map(re.escape, longest_declaration))
    is_word = len(sign.value) < len("gmail_quote")  # would match much ordinary text
    return rf"{sign.attribute}\s*=\s*[\"']?\s*{re.escape(sign.value)}" if is_word else re.escape(sign.value)


@cache
def compile_text_divider() -> str:
    """Return a pattern, verbose, of the line that begins a quoted or forwarded message in plain text; cached."""
    replies = load_quoted_replies()
    texts = "|".join(re.escape(text) for text in replies.dividers)
    fields = "|".join(re.escape(field) for field in replies.first_fields)
    return rf"""-{{3,}}+[ ]?(?:{texts})[ ]?-{{3,}}[ \t]*+\r?$ | _{{20,}}+[ \t]*+\r?\n(?:{fields})[ ]?(?::|\uff1a)"""


def parse_quoted_replies(text: str) -> QuotedReplies:
    """Parse a file of signs.

    Raises:
        SettingsError: not TOML, or an unknown or missing key.
    """
    return decode_toml(text, QuotedReplies, name="the signs of quoted replies")
