import pytest

from bench.accuracy.metrics import estimate_measures, tally_verdicts
from bench.population.plan import ClickerKind
from bench.population.scenarios import COMMON
from bench.population.world import Simulation, simulate
from clicktrail.model.verdict import Verdict

TRUE_VERDICTS = {ClickerKind.HUMAN: Verdict.HUMAN, ClickerKind.BOT: Verdict.BOT, ClickerKind.PREVIEW: Verdict.PREVIEW}


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate(COMMON, seed=1, recipient_count=400)


def test_true_verdicts_score_best(simulation: Simulation) -> None:
    estimates = estimate_measures(
        [tally_verdicts(simulation, {truth.click_id: TRUE_VERDICTS[truth.kind] for truth in simulation.truths})]
    )
    best = dict.fromkeys(("inflation", "click-rate error", "error of 19 in 20", "worst shape", "people suspected"), 0)
    assert {name: estimate.value for name, estimate in estimates.items()} == {
        name: best.get(name, 1) for name in estimates
    }


def test_calling_everything_human_finds_no_bots(simulation: Simulation) -> None:
    estimates = estimate_measures(
        [tally_verdicts(simulation, {truth.click_id: Verdict.HUMAN for truth in simulation.truths})]
    )
    assert (estimates["bot recall"].value, estimates["human recall"].value) == (0, 1)
    assert estimates["inflation"].value > 0.2
    assert estimates["click-rate error"].value > 0.2


def test_suspecting_everything_finds_no_bots(simulation: Simulation) -> None:
    estimates = estimate_measures(
        [tally_verdicts(simulation, {truth.click_id: Verdict.SUSPECTED for truth in simulation.truths})]
    )
    names = ("bot precision", "bot recall", "human recall", "people suspected", "inflation")
    assert tuple(estimates[name].value for name in names) == (1, 0, 0, 1, -1)


def test_interval_contains_the_value() -> None:
    simulations = [simulate(COMMON, seed=seed, recipient_count=100) for seed in range(6)]
    tallies = [
        tally_verdicts(simulation, {truth.click_id: Verdict.HUMAN for truth in simulation.truths})
        for simulation in simulations
    ]
    estimates = estimate_measures(tallies)
    assert all(estimate.low <= estimate.value <= estimate.high for estimate in estimates.values())
    assert estimates["inflation"].low < estimates["inflation"].high
