"""What a ``User-Agent`` admits to being: crawler-user-agents' list and our own additions in ``data/agents.toml``."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final

import msgspec
import re2  # type: ignore[import-untyped]  # google-re2 ships no types
from crawleruseragents import CRAWLER_USER_AGENTS_DATA  # type: ignore[import-untyped]  # ships no types

from clicktrail.config_text import decode_toml
from clicktrail.errors import SettingsError

__all__ = [
    "AgentKind",
    "AgentList",
    "Browser",
    "BrowserEngine",
    "ChromeRelease",
    "ChromeReleases",
    "DeclaredAgent",
    "parse_agents",
    "parse_browser",
]

_MAX_USER_AGENT_CHARS = 512
"""Characters of an agent that are looked at; browsers stay below, and what is remembered stays bounded."""

_CACHE_SIZE = 16_384
"""Agents whose meaning is kept: a few thousand make up nearly all traffic."""


class AgentKind(StrEnum):
    """What an agent declares."""

    PREVIEW = "preview"
    AUTOMATION = "automation"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredAgent:
    """A declared agent.

    Attributes:
        name: what it is called in reasons.
        pattern: RE2 syntax; found anywhere in the header.
        kind: what it declares.
    """

    name: str
    pattern: str
    kind: AgentKind


class _AgentEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    pattern: str
    source: str


class _AgentsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: date
    previews: tuple[_AgentEntry, ...]
    automation: tuple[_AgentEntry, ...]
    excluded: tuple[_AgentEntry, ...]


class AgentList:
    """A list of declared agents; where several match, the first of it names the agent."""

    def __init__(self, version: date, agents: Iterable[DeclaredAgent]) -> None:
        self.version = version
        self._agents = tuple(agents)
        self._set = re2.Set.SearchSet()
        for agent in self._agents:
            self._set.Add(agent.pattern)
        self._set.Compile()
        self._find_cached = lru_cache(_CACHE_SIZE)(self._find)

    def find(self, user_agent: str) -> DeclaredAgent | None:
        """Which agent a header declares; None for what looks like a browser."""
        return self._find_cached(user_agent[:_MAX_USER_AGENT_CHARS])

    def _find(self, user_agent: str) -> DeclaredAgent | None:
        matches = self._set.Match(user_agent.encode(errors="replace"))
        return self._agents[min(matches)] if matches else None


def parse_agents(text: str) -> AgentList:
    """Read an agents file and put crawler-user-agents' list before its entries, and of all the previews first.

    Raises:
        SettingsError: not TOML, an unknown or missing key, or a pattern that RE2 cannot read.
    """
    try:
        file = decode_toml(text, _AgentsFile, name="the agents file")
        agents = [
            *_load_crawler_agents(excluded_patterns={entry.pattern for entry in file.excluded}),
            *(_agent_from_entry(entry, AgentKind.PREVIEW) for entry in file.previews),
            *(_agent_from_entry(entry, AgentKind.AUTOMATION) for entry in file.automation),
        ]
        return AgentList(file.version, sorted(agents, key=lambda agent: agent.kind is not AgentKind.PREVIEW))
    except (msgspec.DecodeError, re2.error) as error:
        raise SettingsError(f"agents cannot be read: {error}") from error


def _agent_from_entry(entry: _AgentEntry, kind: AgentKind) -> DeclaredAgent:
    return DeclaredAgent(name=entry.name, pattern=entry.pattern, kind=kind)


def _load_crawler_agents(*, excluded_patterns: set[str]) -> Iterable[DeclaredAgent]:
    for entry in CRAWLER_USER_AGENTS_DATA:
        pattern: str = entry["pattern"]
        if pattern not in excluded_patterns:
            preview = "social-preview" in entry.get("tags", ())
            yield DeclaredAgent(
                name=pattern.replace("\\", "").strip("^$/ "),
                pattern=pattern,
                kind=AgentKind.PREVIEW if preview else AgentKind.AUTOMATION,
            )


# FOLDED browsers.py: Which browser a ``User-Agent`` claims to be, where its headers can be held against it.

_BROWSER_CACHE_SIZE = 16_384

_WEBKIT_PATTERN = r"AppleWebKit/\S+ \(KHTML, like Gecko\)"
_CHROME_PATTERN = re.compile(
    rf"Mozilla/5\.0 \([^)]*(?<!; wv)\) {_WEBKIT_PATTERN} Chrome/(\d+)\.?(\d*)\S* (?:Mobile )?Safari/\S+(?: Edge?/[\d.]+)?"
)
_FIREFOX_PATTERN = re.compile(r"Mozilla/5\.0 \([^)]*rv:[\d.]+\) Gecko/\S+ Firefox/(\d+)\.?(\d*)\S*")
_SAFARI_PATTERN = re.compile(
    rf"Mozilla/5\.0 \((?:Macintosh|iPhone|iPad)[^)]*\) {_WEBKIT_PATTERN} Version/(\d+)\.?(\d*)\S* (?:Mobile/\S+ )?Safari/\S+"
)


class BrowserEngine(StrEnum):
    """Whose headers they are."""

    CHROME = "Chrome"
    FIREFOX = "Firefox"
    SAFARI = "Safari"


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """What a request claims to come from.

    Attributes:
        engine: Chrome's is Edge's, too.
        version: major and minor.
    """

    engine: BrowserEngine
    version: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.engine} {self.version[0]}"


_BROWSER_PATTERNS: Final = (
    (_CHROME_PATTERN, BrowserEngine.CHROME),
    (_FIREFOX_PATTERN, BrowserEngine.FIREFOX),
    (_SAFARI_PATTERN, BrowserEngine.SAFARI),
)


@lru_cache(_BROWSER_CACHE_SIZE)
def parse_browser(user_agent: str) -> Browser | None:
    """The browser, if nothing but a browser's own words stand in the header.

    None for web views, apps and other browsers on the same engine: they name themselves besides, are as old as their
    makers like, and leave headers out.
    """
    for form, engine in _BROWSER_PATTERNS:
        if found := form.fullmatch(user_agent):
            major, minor = (int(number[:6] or 0) for number in found.groups())
            return Browser(engine=engine, version=(major, minor))
    return None


# FOLDED chrome.py: When which Chrome came out, by which the age of one can be told that claims to be another.


class ChromeRelease(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A major version and the day on which it became stable on desktops."""

    version: int
    date: date


class ChromeReleases(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chrome's releases, and those that people cannot leave behind.

    Attributes:
        source: where the dates are published.
        releases: by version, ascending; not every one has to be here.
        max_release_interval_days: how long it is, at the longest, from one version to the next after those.
        final_versions: the last versions for systems that newer ones do not support.
    """

    source: str = ""
    releases: Sequence[ChromeRelease] = ()
    max_release_interval_days: int = 28
    final_versions: frozenset[int] = frozenset()

    def days_since_replaced(self, version: int, on_date: date) -> int:
        """How many days before ``on_date`` a version was current at the latest; below 0 where that is still to come.

        A version that the table leaves out counts as the next one that it has, and what came after the table as if
        versions had come as slowly as they may: rather too young than too old.
        """
        released = next((release.date for release in self.releases if release.version > version), None)
        return (on_date - (released or self._estimate_release_date(version + 1))).days

    def _estimate_release_date(self, version: int) -> date:
        """When a version comes that is not in the table yet; never where the table is empty or dates end before."""
        if not self.releases:
            return date.max
        newest = self.releases[-1]
        days = (version - newest.version) * self.max_release_interval_days
        return date.fromordinal(min(newest.date.toordinal() + days, date.max.toordinal()))
