"""How many people clicked, as a range: from those judged human to those that only their network makes suspected."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict

_NETWORK_SIGNALS: Final = frozenset({"datacentre-network"})
"""Signals that people show too, at cloud desktops and behind VPNs: of clicks with no other, a third are people's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleRange:
    """Unique clickers of a campaign.

    Attributes:
        human: people with a human click.
        at_most: those, and people with a click that is suspected because of its network alone.
    """

    human: int = 0
    at_most: int = 0


class PeopleCounter:
    """Counts the people of each campaign."""

    def __init__(self) -> None:
        self._human: defaultdict[str, set[str]] = defaultdict(set)
        self._possible: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, timeline: Timeline, clicks: Iterable[JudgedClick]) -> None:
        """Add the judged clicks of a message."""
        campaign = timeline.campaign
        for judged in clicks:
            person = judged.click.recipient or judged.click.message_id
            if not (judged.counted and person):
                continue
            if judged.verdict is Verdict.HUMAN:
                self._human[campaign].add(person)
            elif is_suspected_by_network_alone(judged):
                self._possible[campaign].add(person)

    def is_human(self, campaign: str, person: str) -> bool:
        """Whether a person has a human click in a campaign."""
        return person in self._human.get(campaign, ())

    def count(self, campaign: str) -> PeopleRange:
        """The range of one campaign."""
        human = self._human.get(campaign, set())
        return PeopleRange(human=len(human), at_most=len(human | self._possible.get(campaign, set())))


def is_suspected_by_network_alone(judged: JudgedClick) -> bool:
    """Whether nothing but its network makes a click suspected."""
    return judged.verdict is Verdict.SUSPECTED and all(
        reason.signal in _NETWORK_SIGNALS for reason in judged.reasons if reason.points > 0
    )
