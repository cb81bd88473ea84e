from bench.accuracy.metrics import MEASURES, Estimate
from bench.accuracy.thresholds import OURS, Threshold, evaluate_thresholds
from bench.population.scenarios import COMMON


def make_estimate(value: float) -> Estimate:
    return Estimate(value=value, low=value, high=value)


def test_threshold_is_a_lower_or_an_upper_bound() -> None:
    minimum = Threshold(population="common", measure="bot recall", value=0.9)
    assert minimum.is_met_by(make_estimate(0.95))
    assert not minimum.is_met_by(make_estimate(0.85))
    maximum = Threshold(population="common", measure="click-rate error", value=0.1, is_minimum=False)
    assert maximum.is_met_by(make_estimate(0.05))
    assert not maximum.is_met_by(make_estimate(0.15))


def test_best_baseline_is_a_threshold() -> None:
    ours, worse, better = ({name: make_estimate(value) for name in MEASURES} for value in (0.9, 0.5, 0.95))
    by_classifier = {OURS: ours, "clicktrail, no beacon": ours, "one": worse, "another": better}
    thresholds = [
        threshold
        for threshold, _ in evaluate_thresholds({"common": by_classifier, "unseen": by_classifier})
        if threshold.is_best_baseline
    ]
    expected = {"filter F1": 0.95, "human F1": 0.95, "click-rate error": 0.5}
    assert {threshold.measure: threshold.value for threshold in thresholds} == expected
    assert {threshold.population for threshold in thresholds} == {COMMON.name}
