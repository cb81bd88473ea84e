"""What Google Analytics 4 calls a visit: its default channel group, by rules from data/channels.toml."""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import resources

import msgspec

from clicktrail.config_text import decode_toml
from clicktrail.utm.query import split_url

UNASSIGNED = "Unassigned"
"""Visits that belong to no channel."""

NOT_SET = "(not set)"
_MAX_CHARS = 200


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """A visit that begins with a link. A missing value is ``(not set)``."""

    source: str
    medium: str
    channel: str


class _Channel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Conditions for one channel. A pattern is the name of one in ``patterns``, or a pattern itself."""

    name: str
    sites: str = ""
    source: str = ""
    medium: str = ""
    campaign: str = ""
    required_medium: str = ""


class _Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: date
    source: str
    date: date
    sites: Mapping[str, tuple[str, ...]]
    patterns: Mapping[str, str]
    channels: tuple[_Channel, ...]

    def matches(self, channel: _Channel, *, source: str, medium: str, campaign: str) -> bool:
        return (not channel.required_medium or self._is_match(channel.required_medium, medium)) and (
            self._is_site(channel.sites, source)
            or self._is_match(channel.source, source)
            or self._is_match(channel.medium, medium)
            or self._is_match(channel.campaign, campaign)
        )

    def _is_site(self, category: str, source: str) -> bool:
        return any(
            source == site or source.startswith(f"{site}.") or f".{site}." in f".{source}."
            for site in self.sites.get(category, ())
        )

    def _is_match(self, pattern: str, value: str) -> bool:
        return bool(pattern) and re.fullmatch(self.patterns.get(pattern, pattern), value) is not None


@cache
def _load_rules() -> _Rules:
    text = (resources.files("clicktrail.utm") / "data" / "channels.toml").read_text("utf-8")
    return decode_toml(text, _Rules, name="channels.toml")


def classify_visit(url: str) -> Visit:
    """Name the channel of a visit that begins with a URL."""
    values = dict[str, str]()
    for pair in split_url(url).pairs:
        values.setdefault(pair.key, pair.value[:_MAX_CHARS].strip())
    source, medium, campaign = (values.get(f"utm_{name}") or NOT_SET for name in ("source", "medium", "campaign"))
    return Visit(source=source, medium=medium, channel=classify_channel(source, medium, campaign))


def classify_channel(source: str, medium: str, campaign: str) -> str:
    """Name the channel of a visit by its source, medium and campaign."""
    rules = _load_rules()
    values = {"source": source.lower(), "medium": medium.lower(), "campaign": campaign.lower()}
    return next((channel.name for channel in rules.channels if rules.matches(channel, **values)), UNASSIGNED)
