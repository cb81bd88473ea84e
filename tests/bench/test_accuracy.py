import json
import subprocess
import sys
from datetime import date

import pytest

from bench.accuracy.__main__ import judge_events, measure_seed
from bench.accuracy.metrics import estimate_measures
from bench.accuracy.thresholds import evaluate_thresholds
from bench.population.scenarios import UNSEEN
from bench.population.world import simulate
from clicktrail.judge.shipped import build_context_with_networks


def test_every_click_is_judged() -> None:
    world = simulate(UNSEEN, seed=4, recipient_count=120)
    assert {fact.click_id for fact in world.truths} == judge_events(world.events).keys()


@pytest.mark.without_coverage
def test_the_judge_is_ahead_of_every_other_rule() -> None:
    context = build_context_with_networks((), today=date.min)
    seeds = [measure_seed(seed=seed, recipient_count=500, context=context) for seed in (1, 2)]
    found = {
        population: {name: estimate_measures([seed[population][name] for seed in seeds]) for name in classifiers}
        for population, classifiers in seeds[0].items()
    }
    ahead = [(bar, figure) for bar, figure in evaluate_thresholds(found) if bar.is_best_baseline]
    assert ahead
    assert [(bar, figure.value) for bar, figure in ahead if not bar.is_met_by(figure)] == []


def test_the_exit_code_tells_whether_the_bars_hold() -> None:
    command = [sys.executable, "-m", "bench.accuracy", "--seeds", "1", "--recipients", "60", "--json"]
    done = subprocess.run(command, capture_output=True, check=False)
    document = json.loads(done.stdout)
    assert {"figures", "actors", "bars"} == document.keys()
    assert (0 if all(bar["holds"] for bar in document["bars"]) else 1) == done.returncode
