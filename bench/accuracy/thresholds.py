"""Thresholds that the judge's accuracy must meet."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bench.accuracy.metrics import Estimate
from bench.population.scenarios import COMMON, LIFELIKE, UNSEEN

OURS: Final = "clicktrail"
OURS_WITHOUT_BEACON: Final = "clicktrail, no beacon"
OURS_LIVE: Final = "clicktrail, live"
"""Without the signals that need a whole log, which the running system does not use."""
OUR_CLASSIFIERS: Final = frozenset({OURS, OURS_WITHOUT_BEACON, OURS_LIVE})
LIFELIKE_ESP_LOG: Final = f"{LIFELIKE.name}, as an ESP reports it"
"""The population of `LIFELIKE`, from an ESP's log."""

Estimates = Mapping[str, Mapping[str, Mapping[str, Estimate]]]
"""Estimates by population, classifier and measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A lower or upper bound for a measure.

    Attributes:
        population: name of the scenario.
        classifier: name of the classifier.
        measure: name of the measure.
        is_minimum: whether the value is a lower bound; else an upper bound.
        value: the bound.
        is_best_baseline: whether the value is the best result of the other products' rules.
    """

    population: str
    classifier: str = OURS
    measure: str
    is_minimum: bool = True
    value: float
    is_best_baseline: bool = False

    def is_met_by(self, estimate: Estimate) -> bool:
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
    Threshold(population=LIFELIKE.name, measure="human precision", value=0.96),
    Threshold(population=LIFELIKE.name, measure="human recall", value=0.98),
    Threshold(population=LIFELIKE.name, measure="worst shape", value=0.05, is_minimum=False),
    Threshold(population=LIFELIKE.name, measure="human precision", value=0.96, classifier=OURS_LIVE),
    Threshold(population=LIFELIKE.name, measure="human recall", value=0.98, classifier=OURS_LIVE),
    Threshold(population=LIFELIKE.name, measure="worst shape", value=0.05, is_minimum=False, classifier=OURS_LIVE),
    Threshold(population=LIFELIKE_ESP_LOG, measure="human precision", value=0.92),
    Threshold(population=LIFELIKE_ESP_LOG, measure="human recall", value=0.95),
    Threshold(population=LIFELIKE_ESP_LOG, measure="worst shape", value=0.10, is_minimum=False),
)


def evaluate_thresholds(estimates: Estimates) -> list[tuple[Threshold, Estimate]]:
    """Return every threshold with the estimate that it applies to."""
    baselines = _baseline_thresholds(COMMON.name, estimates[COMMON.name]) if COMMON.name in estimates else ()
    thresholds = (*_FIXED_THRESHOLDS, *baselines)
    return [
        (threshold, estimates[threshold.population][threshold.classifier][threshold.measure])
        for threshold in thresholds
        if threshold.population in estimates
    ]


def _baseline_thresholds(population: str, estimates: Mapping[str, Mapping[str, Estimate]]) -> Iterator[Threshold]:
    """The judge must beat the best baseline in measures that combine precision and recall.

    Either alone is easy: a rule that calls nothing a bot has perfect human recall.
    """
    for measure, best, is_minimum in (
        ("filter F1", max, True),
        ("human F1", max, True),
        ("click-rate error", min, False),
    ):
        value = best(
            by_measure[measure].value
            for classifier, by_measure in estimates.items()
            if classifier not in OUR_CLASSIFIERS
        )
        yield Threshold(
            population=population, measure=measure, value=value, is_minimum=is_minimum, is_best_baseline=True
        )
