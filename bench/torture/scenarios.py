"""All scenarios of ``./dev torture``: a new one is a module with a function `torture`, and a line here."""

from pathlib import Path
from typing import Final, Protocol

from bench.torture import disk_damage, floods, kills, lost_folders, mail


class ScenarioResult(Protocol):
    """Totals of a scenario, with a text for people."""

    @property
    def answered(self) -> int:
        """Number of clicks or messages that were answered."""

    @property
    def lost(self) -> int:
        """Number of clicks or messages that were answered and are missing."""

    @property
    def duplicated(self) -> int:
        """Number of clicks or messages that are there twice."""


class Scenario(Protocol):
    """One kind of fault."""

    async def __call__(self, folder: Path, *, rounds: int, clicks: int, durability: str) -> ScenarioResult:
        """Run rounds, print a line for each, and return the totals of the final reports.

        Args:
            folder: empty folder for all data.
            rounds: number of rounds.
            clicks: number of clicks in each round.
            durability: the setting ``journal.durability``.

        Raises:
            BenchError: a process did not start.
        """


SCENARIOS: Final[dict[str, Scenario]] = {
    "kills": kills.torture,
    "disk-damage": disk_damage.torture,
    "lost-folders": lost_folders.torture,
    "floods": floods.torture,
    "mail": mail.torture,
}
"""Scenarios by name."""
