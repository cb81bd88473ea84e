import json
import subprocess
import sys
from datetime import date

import pytest

from bench.accuracy.__main__ import judge_events, measure_seed
from bench.accuracy.metrics import estimate_measures
from bench.accuracy.thresholds import evaluate_thresholds
from bench.population.scenarios import COMMON, UNSEEN
from bench.population.world import simulate
from clicktrail.judge.shipped import build_context_with_networks


def test_every_click_is_judged() -> None:
    simulation = simulate(UNSEEN, seed=4, recipient_count=120)
    assert judge_events(simulation.events).keys() == {truth.click_id for truth in simulation.truths}


@pytest.mark.without_coverage
def test_judge_beats_every_baseline() -> None:
    context = build_context_with_networks((), today=date.min)
    seeds = [
        measure_seed(seed=seed, recipient_count=500, context=context, scenarios=(COMMON, UNSEEN)) for seed in (1, 2)
    ]
    estimates = {
        population: {name: estimate_measures([seed[population][name] for seed in seeds]) for name in classifiers}
        for population, classifiers in seeds[0].items()
    }
    results = [result for result in evaluate_thresholds(estimates) if result[0].is_best_baseline]
    assert results
    assert [result for result in results if not result[0].is_met_by(result[1])] == []


def test_exit_status_is_1_if_a_threshold_is_missed() -> None:
    command = [sys.executable, "-m", "bench.accuracy", "--seeds", "1", "--recipients", "60", "--json"]
    process = subprocess.run(command, capture_output=True, check=False)
    document = json.loads(process.stdout)
    assert document.keys() == {"estimates", "actors", "thresholds"}
    assert process.returncode == (0 if all(threshold["is_met"] for threshold in document["thresholds"]) else 1)
