import pytest

from bench.accuracy.metrics import estimate_measures, tally_verdicts
from bench.population.plan import ClickerKind
from bench.population.scenarios import COMMON
from bench.population.world import Simulation, simulate
from clicktrail.model.verdict import Verdict

TRUE = {ClickerKind.HUMAN: Verdict.HUMAN, ClickerKind.BOT: Verdict.BOT, ClickerKind.PREVIEW: Verdict.PREVIEW}


@pytest.fixture(scope="module")
def world() -> Simulation:
    """A small one, with its truth."""
    return simulate(COMMON, seed=1, recipient_count=400)


def test_the_truth_scores_best(world: Simulation) -> None:
    found = estimate_measures([tally_verdicts(world, {fact.click_id: TRUE[fact.kind] for fact in world.truths})])
    best = dict.fromkeys(("inflation", "click-rate error", "error of 19 in 20", "people suspected"), 0)
    assert {name: best.get(name, 1) for name in found} == {name: figure.value for name, figure in found.items()}


def test_believing_everything_finds_no_machine(world: Simulation) -> None:
    found = estimate_measures([tally_verdicts(world, {fact.click_id: Verdict.HUMAN for fact in world.truths})])
    assert (found["bot recall"].value, found["human recall"].value) == (0, 1)
    assert found["inflation"].value > 0.2
    assert found["click-rate error"].value > 0.2


def test_suspecting_everything_is_no_finding(world: Simulation) -> None:
    found = estimate_measures([tally_verdicts(world, {fact.click_id: Verdict.SUSPECTED for fact in world.truths})])
    names = ("bot precision", "bot recall", "human recall", "people suspected", "inflation")
    assert tuple(found[name].value for name in names) == (1, 0, 0, 1, -1)


def test_intervals_hold_the_figure() -> None:
    worlds = [simulate(COMMON, seed=seed, recipient_count=100) for seed in range(6)]
    tallies = [tally_verdicts(world, {fact.click_id: Verdict.HUMAN for fact in world.truths}) for world in worlds]
    for figure in estimate_measures(tallies).values():
        assert figure.low <= figure.value <= figure.high
    assert estimate_measures(tallies)["inflation"].low < estimate_measures(tallies)["inflation"].high
