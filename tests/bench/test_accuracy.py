import json
import subprocess
import sys
from datetime import date

from bench.accuracy.__main__ import judged, measured
from bench.accuracy.metrics import figures
from bench.accuracy.thresholds import bars
from bench.population.scenarios import UNSEEN
from bench.population.world import simulate
from clicktrail.judge.shipped import context_with


def test_every_click_is_judged() -> None:
    world = simulate(UNSEEN, seed=4, recipients=120)
    assert {fact.click_id for fact in world.facts} == judged(world.events).keys()


def test_the_judge_is_ahead_of_every_other_rule() -> None:
    context = context_with((), today=date.min)
    seeds = [measured(seed=seed, recipients=500, context=context) for seed in (1, 2)]
    found = {
        population: {name: figures([seed[population][name] for seed in seeds]) for name in classifiers}
        for population, classifiers in seeds[0].items()
    }
    ahead = [(bar, figure) for bar, figure in bars(found) if bar.of_others]
    assert ahead
    assert [] == [(bar, figure.value) for bar, figure in ahead if not bar.holds(figure)]


def test_the_exit_code_tells_whether_the_bars_hold() -> None:
    command = [sys.executable, "-m", "bench.accuracy", "--seeds", "1", "--recipients", "60", "--json"]
    done = subprocess.run(command, capture_output=True, check=False)
    document = json.loads(done.stdout)
    assert {"figures", "actors", "bars"} == document.keys()
    assert (0 if all(bar["holds"] for bar in document["bars"]) else 1) == done.returncode
