"""What must hold of the judge."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bench.accuracy.metrics import Estimate
from bench.population.scenarios import COMMON, UNSEEN

__all__ = ["OURS", "OURS_WITHOUT_BEACON", "Estimates", "Threshold", "evaluate_thresholds"]

OURS: Final = "clicktrail"
OURS_WITHOUT_BEACON: Final = "clicktrail, no beacon"

Estimates = Mapping[str, Mapping[str, Mapping[str, Estimate]]]
"""Figures by population, classifier and measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """One thing that must hold.

    Attributes:
        population: the cast's name.
        classifier: who is measured.
        measure: what is measured.
        is_minimum: whether the figure must not be below the bar, else not above.
        value: the bar.
        is_best_baseline: whether it is the best that another's rule has.
    """

    population: str
    classifier: str = OURS
    measure: str
    is_minimum: bool = True
    value: float
    is_best_baseline: bool = False

    def is_met_by(self, estimate: Estimate) -> bool:
        """Whether a figure is good enough."""
        return estimate.value >= self.value if self.is_minimum else estimate.value <= self.value


_FIXED_THRESHOLDS: Final = (
    Threshold(population=COMMON.name, measure="bot precision", value=0.995),
    Threshold(population=COMMON.name, measure="bot recall", value=0.95),
    Threshold(population=COMMON.name, measure="human precision", value=0.95),
    Threshold(population=COMMON.name, measure="human recall", value=0.985),
    Threshold(population=COMMON.name, measure="click-rate error", value=0.05, is_minimum=False),
    Threshold(population=COMMON.name, measure="people suspected", value=0.03, is_minimum=False),
    Threshold(population=UNSEEN.name, measure="bot precision", value=0.99),
    Threshold(population=UNSEEN.name, measure="bot recall", value=0.85),
    Threshold(population=UNSEEN.name, measure="bot recall", value=0.70, classifier=OURS_WITHOUT_BEACON),
)


def evaluate_thresholds(estimates: Estimates) -> list[tuple[Threshold, Estimate]]:
    """Every bar with the figure that it is for."""
    wanted = (*_FIXED_THRESHOLDS, *_baseline_thresholds(COMMON.name, estimates[COMMON.name]))
    return [(bar, estimates[bar.population][bar.classifier][bar.measure]) for bar in wanted]


def _baseline_thresholds(population: str, estimates: Mapping[str, Mapping[str, Estimate]]) -> Iterator[Threshold]:
    """Better than the best of the others, where precision and recall count together: one alone costs nothing.

    A rule that takes nobody for a machine loses no person, and one that takes all for machines misses none.
    """
    for name, best, at_least in (("filter F1", max, True), ("human F1", max, True), ("click-rate error", min, False)):
        value = best(
            figures[name].value for whose, figures in estimates.items() if whose not in {OURS, OURS_WITHOUT_BEACON}
        )
        yield Threshold(population=population, measure=name, value=value, is_minimum=at_least, is_best_baseline=True)
