"""Parse ``User-Agent``: programs that name themselves, the claimed browser, and the age of a claimed Chrome version."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final

import msgspec
import re2
from crawleruseragents import CRAWLER_USER_AGENTS_DATA  # type: ignore[import-untyped]  # ships no types

from clicktrail.config_text import decode_toml
from clicktrail.errors import SettingsError

_MAX_USER_AGENT_CHARS = 512
"""Browsers send fewer; limits the size of cache entries."""

_CACHE_SIZE = 16_384
"""A few thousand User-Agents make up nearly all traffic."""

# Possessive quantifiers: a User-Agent of digits would otherwise take time cubic in its length.
_VERSION = r"(\d++)\.?+(\d*+)\S*+"
_WEBKIT_PATTERN = r"AppleWebKit/\S++ \(KHTML, like Gecko\)"
_CHROME_PATTERN = re.compile(
    rf"Mozilla/5\.0 \([^)]*+(?<!; wv)\) {_WEBKIT_PATTERN} Chrome/{_VERSION} (?:Mobile )?Safari/\S++(?: Edge?/[\d.]++)?"
)
_FIREFOX_PATTERN = re.compile(rf"Mozilla/5\.0 \([^)]*(?<=rv:)[\d.]++\) Gecko/\S++ Firefox/{_VERSION}")
_SAFARI_PATTERN = re.compile(
    rf"Mozilla/5\.0 \((?:Macintosh|iPhone|iPad)[^)]*+\) {_WEBKIT_PATTERN}"
    rf" Version/{_VERSION} (?:Mobile/\S++ )?Safari/\S++"
)


class AgentKind(StrEnum):
    """What kind of program a User-Agent declares."""

    PREVIEW = "preview"
    AUTOMATION = "automation"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredAgent:
    """A program that names itself in its User-Agent; the RE2 pattern matches anywhere in it."""

    name: str
    pattern: str
    kind: AgentKind


class AgentList:
    """Declared agents, compiled for matching; if several match, the first one is returned."""

    def __init__(self, version: date, agents: Iterable[DeclaredAgent]) -> None:
        self.version = version
        self._agents = tuple(agents)
        self._pattern_set = re2.Set.SearchSet()
        for agent in self._agents:
            self._pattern_set.Add(agent.pattern)
        self._pattern_set.Compile()
        self._find_cached = lru_cache(_CACHE_SIZE)(self._find)

    def find(self, user_agent: str) -> DeclaredAgent | None:
        """Find the program that a User-Agent declares; None for a browser."""
        return self._find_cached(user_agent[:_MAX_USER_AGENT_CHARS])

    def _find(self, user_agent: str) -> DeclaredAgent | None:
        matching_indexes = self._pattern_set.Match(user_agent.encode(errors="replace"))
        return self._agents[min(matching_indexes)] if matching_indexes else None


class _AgentEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    pattern: str
    source: str


class _AgentsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: date
    previews: tuple[_AgentEntry, ...]
    automation: tuple[_AgentEntry, ...]
    excluded: tuple[_AgentEntry, ...]


def parse_agents(text: str) -> AgentList:
    """Parse an agents file, and merge it with the package crawler-user-agents.

    Previews come first. Within a kind, crawler-user-agents comes before the file's entries.

    Raises:
        SettingsError: not TOML, an unknown or missing key, or an invalid RE2 pattern.
    """
    try:
        file = decode_toml(text, _AgentsFile, name="the agents file")
        agents = [
            *_load_crawler_agents(excluded_patterns={entry.pattern for entry in file.excluded}),
            *(_build_agent(entry, AgentKind.PREVIEW) for entry in file.previews),
            *(_build_agent(entry, AgentKind.AUTOMATION) for entry in file.automation),
        ]
        return AgentList(file.version, sorted(agents, key=lambda agent: agent.kind is not AgentKind.PREVIEW))
    except (msgspec.DecodeError, re2.error) as error:
        raise SettingsError(f"agents cannot be read: {error}") from error


def _build_agent(entry: _AgentEntry, kind: AgentKind) -> DeclaredAgent:
    return DeclaredAgent(name=entry.name, pattern=entry.pattern, kind=kind)


def _load_crawler_agents(*, excluded_patterns: set[str]) -> Iterable[DeclaredAgent]:
    for entry in CRAWLER_USER_AGENTS_DATA:
        pattern: str = entry["pattern"]
        if pattern not in excluded_patterns:
            is_preview = "social-preview" in entry.get("tags", ())
            yield DeclaredAgent(
                name=pattern.replace("\\", "").strip("^$/ "),
                pattern=pattern,
                kind=AgentKind.PREVIEW if is_preview else AgentKind.AUTOMATION,
            )


class BrowserEngine(StrEnum):
    """A browser engine; Edge has Chrome's."""

    CHROME = "Chrome"
    FIREFOX = "Firefox"
    SAFARI = "Safari"


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """The browser that a request claims to come from; the version is (major, minor)."""

    engine: BrowserEngine
    version: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.engine} {self.version[0]}"


_BROWSER_PATTERNS: Final = (
    (_CHROME_PATTERN, BrowserEngine.CHROME),
    (_FIREFOX_PATTERN, BrowserEngine.FIREFOX),
    (_SAFARI_PATTERN, BrowserEngine.SAFARI),
)


def parse_browser(user_agent: str) -> Browser | None:
    """Parse the User-Agent of Chrome, Edge, Firefox or Safari.

    None for web views, apps and other browsers with the same engines, which append their own name: they may be old, and
    may leave headers out.
    """
    return _parse_browser_cached(user_agent) if len(user_agent) <= _MAX_USER_AGENT_CHARS else None


@lru_cache(_CACHE_SIZE)
def _parse_browser_cached(user_agent: str) -> Browser | None:
    for pattern, engine in _BROWSER_PATTERNS:
        if match := pattern.fullmatch(user_agent):
            major, minor = (int(digits[:6] or 0) for digits in match.groups())
            return Browser(engine=engine, version=(major, minor))
    return None


class ChromeRelease(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A major version of Chrome, with the date of its stable release for desktops."""

    version: int
    date: date


class FinalVersion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The last Chrome version for an old operating system; ``system`` is a token of its User-Agents."""

    version: int
    system: str


class ChromeReleases(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chrome's release dates, to tell how old a claimed Chrome version is.

    Attributes:
        releases: releases by ascending version; versions may be missing.
        max_release_interval_days: maximum days between two releases after the last one listed.
        final_versions: last versions for old operating systems. A User-Agent does not say how old its system is.
    """

    source: str = ""
    releases: Sequence[ChromeRelease] = ()
    max_release_interval_days: int = 28
    final_versions: tuple[FinalVersion, ...] = ()

    def is_final_version(self, version: int, user_agent: str) -> bool:
        """Whether a version is the last one for an old release of the system that a User-Agent claims."""
        return any(final.version == version and final.system in user_agent for final in self.final_versions)

    def days_since_replaced(self, version: int, on_date: date) -> int:
        """Days between the next version's release and ``on_date``; negative while a version is current.

        If the next version is missing from the list, the first later one is used. Dates after the end of the list are
        estimated with the maximum interval between releases. So the result is never too high.
        """
        listed_date = next((release.date for release in self.releases if release.version > version), None)
        return (on_date - (listed_date or self._estimate_release_date(version + 1))).days

    def _estimate_release_date(self, version: int) -> date:
        """Latest release date of a version that is not listed yet; `date.max` if no version is listed."""
        if not self.releases:
            return date.max
        newest = self.releases[-1]
        days = (version - newest.version) * self.max_release_interval_days
        return date.fromordinal(min(newest.date.toordinal() + days, date.max.toordinal()))
