"""The rules that make a verdict, read from ``data/rules.toml``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import msgspec

from clicktrail.config_text import decode_toml
from clicktrail.judge import user_agents
from clicktrail.judge.networks import Networks
from clicktrail.judge.user_agents import AgentList, ChromeReleases
from clicktrail.model.verdict import Verdict

__all__ = ["Context", "Rule", "Rules", "parse_rules"]


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one signal is worth.

    Attributes:
        name: the signal's, a slug.
        description: what it means, for a reader who sends mail and does not write programs.
        source: where the fact behind it is written down.
        date: when that was last looked at.
        verdict: what it decides alone; None for a rule of points.
        points: what it adds to the score; negative speaks for a person.
        thresholds: what its function takes by name: seconds as seconds, the rest as counts.
    """

    name: str
    description: str
    source: str
    date: date
    verdict: Verdict | None = None
    points: int = 0
    thresholds: Mapping[str, int | float] = {}

    def __post_init__(self) -> None:
        if (self.verdict is None) == (self.points == 0):
            raise ValueError(f"rule {self.name} needs either a verdict or points")


class MinScores(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The least score for each verdict that points can lead to."""

    bot: int
    suspected: int


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A set of rules.

    Attributes:
        version: the day of its last change.
        min_scores: what a score means.
        rules: in the order in which hard ones are tried.
        chrome_releases: when which Chrome came out.
    """

    version: date
    min_scores: MinScores
    rules: tuple[Rule, ...]
    chrome_releases: ChromeReleases = ChromeReleases()

    def verdict_for_score(self, score: int) -> Verdict:
        """What a sum of points means."""
        if score >= self.min_scores.bot:
            return Verdict.BOT
        return Verdict.SUSPECTED if score >= self.min_scores.suspected else Verdict.HUMAN


def parse_rules(text: str) -> Rules:
    """Read a rules file.

    Raises:
        SettingsError: not TOML, an unknown or missing key, or a rule without a consequence.
    """
    return decode_toml(text, Rules, name="the rules file")


# FOLDED context.py: What the judge knows of the world before it sees a message.


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Rules, networks and agents, each with its version."""

    rules: Rules
    networks: Networks
    agents: AgentList

    @classmethod
    def from_toml(cls, *, rules_toml: str, networks: Networks, agents_toml: str) -> "Context":
        """Read the texts of two files such as those in ``clicktrail/judge/data``.

        Raises:
            SettingsError: one of them cannot be read.
        """
        return cls(rules=parse_rules(rules_toml), networks=networks, agents=user_agents.parse_agents(agents_toml))

    @property
    def version(self) -> str:
        """The three versions: rules, networks, agents."""
        return f"{self.rules.version}/{self.networks.version}/{self.agents.version}"
