"""What the judge knows of the world before it sees a message."""

from dataclasses import dataclass

from clicktrail.judge import agents, rules
from clicktrail.judge.agents import Agents
from clicktrail.judge.networks import Networks
from clicktrail.judge.rules import Rules

__all__ = ["Context"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Rules, networks and agents, each with its version."""

    rules: Rules
    networks: Networks
    agents: Agents

    @classmethod
    def of(cls, *, rules_toml: str, networks: Networks, agents_toml: str) -> "Context":
        """Read the texts of two files such as those in ``clicktrail/judge/data``.

        Raises:
            SettingsError: one of them cannot be read.
        """
        return cls(rules=rules.parse(rules_toml), networks=networks, agents=agents.parse(agents_toml))

    @property
    def version(self) -> str:
        """The three versions: rules, networks, agents."""
        return f"{self.rules.version}/{self.networks.version}/{self.agents.version}"
