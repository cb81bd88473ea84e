"""Names of tracking domains: words that ad blockers block, and another name in place of one that is in use."""

import datetime as dt
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources

import msgspec

from clicktrail.config_text import decode_toml
from clicktrail.server.pipeline.public_suffixes import find_organisational_domain

_WORD_SEPARATOR = re.compile(r"[-_]")
_DIGITS = "0123456789"


class WordList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words of one source."""

    source: str
    date: dt.date
    words: tuple[str, ...]


class _WordsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    list: tuple[WordList, ...]


@cache
def load_word_lists() -> Sequence[WordList]:
    """All lists of words."""
    text = (resources.files("clicktrail.server.pipeline") / "data" / "ad_block_words.toml").read_text("utf-8")
    return decode_toml(text, _WordsFile, name="ad_block_words.toml").list


@cache
def _list_words() -> frozenset[str]:
    return frozenset(word for words in load_word_lists() for word in words.words)


def find_blocked_word(host: str) -> str | None:
    """The first word of a host name for which ad blockers block it; None if there is none.

    The sender's own domain, which cannot be chosen for the links, is left out.
    """
    for label in host.removesuffix(find_organisational_domain(host)).split("."):
        for word in (label, *_WORD_SEPARATOR.split(label)):
            if (name := word.rstrip(_DIGITS)) in _list_words():
                return name
    return None


def suggest_other_host(host: str) -> str:
    """A similar name beside one that is in use: links.example.com becomes links2.example.com, then links3."""
    label, _, rest = host.partition(".")
    name = label.rstrip(_DIGITS)
    number = label.removeprefix(name)
    return f"{name}{int(number) + 1 if number else 2}.{rest}"
