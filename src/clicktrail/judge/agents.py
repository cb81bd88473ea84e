"""What a ``User-Agent`` admits to being: crawler-user-agents' list and our own additions in ``data/agents.toml``."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

import msgspec
import re2  # type: ignore[import-untyped]  # google-re2 ships no types
from crawleruseragents import CRAWLER_USER_AGENTS_DATA  # type: ignore[import-untyped]  # ships no types

from clicktrail.errors import SettingsError

__all__ = ["Agent", "AgentKind", "Agents", "parse"]

_LONGEST = 512
"""Characters of an agent that are looked at; browsers stay below, and what is remembered stays bounded."""

_REMEMBERED = 16_384
"""Agents whose meaning is kept: a few thousand make up nearly all traffic."""


class AgentKind(StrEnum):
    """What an agent declares."""

    PREVIEW = "preview"
    AUTOMATION = "automation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A declared agent.

    Attributes:
        name: what it is called in reasons.
        pattern: RE2 syntax; found anywhere in the header.
        kind: what it declares.
    """

    name: str
    pattern: str
    kind: AgentKind


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    pattern: str
    source: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: date
    previews: tuple[_Entry, ...]
    automation: tuple[_Entry, ...]
    people: tuple[_Entry, ...]


class Agents:
    """A list of declared agents; where several match, the first of it names the agent."""

    def __init__(self, version: date, agents: Iterable[Agent]) -> None:
        self.version = version
        self._agents = tuple(agents)
        self._set = re2.Set.SearchSet()
        for agent in self._agents:
            self._set.Add(agent.pattern)
        self._set.Compile()
        self._remembered = lru_cache(_REMEMBERED)(self._find)

    def find(self, user_agent: str) -> Agent | None:
        """Which agent a header declares; None for what looks like a browser."""
        return self._remembered(user_agent[:_LONGEST])

    def _find(self, user_agent: str) -> Agent | None:
        matches = self._set.Match(user_agent.encode(errors="replace"))
        return self._agents[min(matches)] if matches else None


def parse(text: str) -> Agents:
    """Read an agents file and put crawler-user-agents' list before its entries, and of all the previews first.

    Raises:
        SettingsError: not TOML, an unknown or missing key, or a pattern that RE2 cannot read.
    """
    try:
        file = msgspec.toml.decode(text, type=_File)
        agents = [
            *_listed(without={entry.pattern for entry in file.people}),
            *(_own(entry, AgentKind.PREVIEW) for entry in file.previews),
            *(_own(entry, AgentKind.AUTOMATION) for entry in file.automation),
        ]
        return Agents(file.version, sorted(agents, key=lambda agent: agent.kind is not AgentKind.PREVIEW))
    except (msgspec.DecodeError, re2.error) as error:
        raise SettingsError(f"agents cannot be read: {error}") from error


def _own(entry: _Entry, kind: AgentKind) -> Agent:
    return Agent(name=entry.name, pattern=entry.pattern, kind=kind)


def _listed(*, without: set[str]) -> Iterable[Agent]:
    for entry in CRAWLER_USER_AGENTS_DATA:
        pattern: str = entry["pattern"]
        if pattern not in without:
            preview = "social-preview" in entry.get("tags", ())
            yield Agent(
                name=pattern.replace("\\", "").strip("^$/ "),
                pattern=pattern,
                kind=AgentKind.PREVIEW if preview else AgentKind.AUTOMATION,
            )
