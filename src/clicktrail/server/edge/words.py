"""The words of the public pages, by language, from ``pages.toml``."""

import tomllib
from collections.abc import Mapping
from importlib import resources

import msgspec

__all__ = ["FALLBACK", "AboutWords", "PageWords", "Words", "language_of", "words"]

FALLBACK = "en"


class PageWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page that has one thing to say."""

    title: str
    text: str


class AboutWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The page about one link; each field is a sentence or a heading of it, in its order."""

    title: str
    text: str
    sender: str
    unnamed: str
    leads: str
    untracked: str
    records: str
    named: str
    unnamed_link: str
    request: str
    shortened: str
    anonymous: str
    nothing: str


class Words(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One language."""

    ask: str
    ask_contact: str
    damaged: PageWords
    ended: PageWords
    unavailable: PageWords
    elsewhere: PageWords
    home: PageWords
    about: AboutWords


def words() -> Mapping[str, Words]:
    """Every language by its tag."""
    text = (resources.files("clicktrail.server.edge") / "pages.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Words])


def language_of(accepted: str, known: Mapping[str, object]) -> str:
    """Which of the known languages a reader likes best, by their ``Accept-Language`` (RFC 9110 section 12.5.4)."""
    ranges = [_weighed(part) for part in accepted.split(",")]
    liked = [(weight, -place, tag) for place, (tag, weight) in enumerate(ranges) if tag in known and weight > 0]
    return max(liked)[2] if liked else FALLBACK


def _weighed(part: str) -> tuple[str, float]:
    tag, _, weight = part.partition(";")
    try:
        return tag.strip().lower().partition("-")[0], float(weight.strip().removeprefix("q=") or 1)
    except ValueError:
        return "", 0.0
