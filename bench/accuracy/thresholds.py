"""What must hold of the judge."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bench.accuracy.metrics import Figure
from bench.population.scenarios import COMMON, UNSEEN

__all__ = ["BLIND", "OURS", "Bar", "Found", "bars"]

OURS: Final = "clicktrail"
BLIND: Final = "clicktrail, no beacon"

Found = Mapping[str, Mapping[str, Mapping[str, Figure]]]
"""Figures by population, classifier and measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One thing that must hold.

    Attributes:
        population: the cast's name.
        classifier: who is measured.
        measure: what is measured.
        at_least: whether the figure must not be below the bar, else not above.
        value: the bar.
        of_others: whether it is the best that another's rule has.
    """

    population: str
    classifier: str = OURS
    measure: str
    at_least: bool = True
    value: float
    of_others: bool = False

    def holds(self, figure: Figure) -> bool:
        """Whether a figure is good enough."""
        return figure.value >= self.value if self.at_least else figure.value <= self.value


_FIXED: Final = (
    Bar(population=COMMON.name, measure="bot precision", value=0.995),
    Bar(population=COMMON.name, measure="bot recall", value=0.95),
    Bar(population=COMMON.name, measure="human precision", value=0.95),
    Bar(population=COMMON.name, measure="human recall", value=0.985),
    Bar(population=COMMON.name, measure="click-rate error", value=0.05, at_least=False),
    Bar(population=COMMON.name, measure="people suspected", value=0.03, at_least=False),
    Bar(population=UNSEEN.name, measure="bot precision", value=0.99),
    Bar(population=UNSEEN.name, measure="bot recall", value=0.85),
    Bar(population=UNSEEN.name, measure="bot recall", value=0.70, classifier=BLIND),
)


def bars(found: Found) -> list[tuple[Bar, Figure]]:
    """Every bar with the figure that it is for."""
    wanted = (*_FIXED, *_ahead(COMMON.name, found[COMMON.name]))
    return [(bar, found[bar.population][bar.classifier][bar.measure]) for bar in wanted]


def _ahead(population: str, found: Mapping[str, Mapping[str, Figure]]) -> Iterator[Bar]:
    """Better than the best of the others, where precision and recall count together: one alone costs nothing.

    A rule that takes nobody for a machine loses no person, and one that takes all for machines misses none.
    """
    for name, best, at_least in (("filter F1", max, True), ("human F1", max, True), ("click-rate error", min, False)):
        value = best(figures[name].value for whose, figures in found.items() if whose not in {OURS, BLIND})
        yield Bar(population=population, measure=name, value=value, at_least=at_least, of_others=True)
