from bench.accuracy.metrics import MEASURES, Estimate
from bench.accuracy.thresholds import OURS, Threshold, evaluate_thresholds
from bench.population.scenarios import COMMON


def figure(value: float) -> Estimate:
    """One that every seed agrees on."""
    return Estimate(value=value, low=value, high=value)


def test_a_bar_has_a_side() -> None:
    assert Threshold(population="common", measure="bot recall", value=0.9).is_met_by(figure(0.95))
    assert not Threshold(population="common", measure="bot recall", value=0.9).is_met_by(figure(0.85))
    assert Threshold(population="common", measure="click-rate error", value=0.1, is_minimum=False).is_met_by(
        figure(0.05)
    )
    assert not Threshold(population="common", measure="click-rate error", value=0.1, is_minimum=False).is_met_by(
        figure(0.15)
    )


def test_the_best_of_the_others_is_a_bar() -> None:
    names = [*MEASURES]
    ours, worse, better = ({name: figure(value) for name in names} for value in (0.9, 0.5, 0.95))
    found = {OURS: ours, "clicktrail, no beacon": ours, "one": worse, "another": better}
    ahead = {
        bar.measure: bar.value
        for bar, _ in evaluate_thresholds({"common": found, "unseen": found})
        if bar.is_best_baseline
    }
    assert ahead == {"filter F1": 0.95, "human F1": 0.95, "click-rate error": 0.5}
    assert {COMMON.name} == {
        bar.population for bar, _ in evaluate_thresholds({"common": found, "unseen": found}) if bar.is_best_baseline
    }
