"""Read the judge's rules from ``data/rules.toml``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import msgspec

from clicktrail.config_text import decode_toml
from clicktrail.judge.address_activity import AddressActivity
from clicktrail.judge.networks import Networks
from clicktrail.judge.user_agents import AgentList, ChromeReleases, parse_agents
from clicktrail.model.verdict import Verdict


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a signal counts: a hard rule decides the verdict alone, any other adds points to the score.

    Attributes:
        description: what the signal means, for a sender of email.
        date: when the source was last checked.
        verdict: the verdict of a hard rule; None for a rule with points.
        points: positive for a bot, negative for a human.
        thresholds: keyword arguments of the signal function.
        unless: rules with the same cause: if one of them matches a click, this rule does not count.
    """

    name: str
    description: str
    source: str
    date: date
    verdict: Verdict | None = None
    points: int = 0
    thresholds: Mapping[str, int | float] = {}
    unless: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if (self.verdict is None) == (self.points == 0):
            raise ValueError(f"rule {self.name} needs either a verdict or points")


class MinScores(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Minimum score of each verdict; a lower score means human."""

    bot: int
    suspected: int


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rules file.

    Attributes:
        version: date of the last change.
        rules: all rules; if several hard rules match, the first one decides.
    """

    version: date
    min_scores: MinScores
    rules: tuple[Rule, ...]
    chrome_releases: ChromeReleases = ChromeReleases()

    def verdict_for_score(self, score: int) -> Verdict:
        """Verdict for a sum of points, if no hard rule matched."""
        if score >= self.min_scores.bot:
            return Verdict.BOT
        return Verdict.SUSPECTED if score >= self.min_scores.suspected else Verdict.HUMAN


def parse_rules(text: str) -> Rules:
    """Parse a rules file.

    Raises:
        SettingsError: not TOML, an unknown or missing key, or a rule with neither or both of verdict and points.
    """
    return decode_toml(text, Rules, name="the rules file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The data that the judge uses for every message: rules, networks and user agents.

    Attributes:
        address_activity: by address, what it did over the whole log; empty where not all clicks are known.
        link_counts: by campaign, the number of links of messages whose `sent` event is missing or has no number.
        version: versions of rules, networks and agents, separated by slashes.
    """

    rules: Rules
    networks: Networks
    agents: AgentList
    address_activity: Mapping[str, AddressActivity] = field(default_factory=dict)
    link_counts: Mapping[str, int] = field(default_factory=dict)
    version: str = field(init=False)

    def __post_init__(self) -> None:
        """Join the versions."""
        version = f"{self.rules.version}/{self.networks.version}/{self.agents.version}"
        object.__setattr__(self, "version", version)

    @classmethod
    def from_toml(cls, *, rules_toml: str, networks: Networks, agents_toml: str) -> "Context":
        """Parse the contents of a rules file and an agents file.

        Raises:
            SettingsError: one of them cannot be read.
        """
        return cls(rules=parse_rules(rules_toml), networks=networks, agents=parse_agents(agents_toml))
