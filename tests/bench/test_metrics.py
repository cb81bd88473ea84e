import pytest

from bench.accuracy.metrics import figures, tally
from bench.population.plan import Kind
from bench.population.scenarios import COMMON
from bench.population.world import World, simulate
from clicktrail.model.verdict import Verdict

TRUE = {Kind.HUMAN: Verdict.HUMAN, Kind.BOT: Verdict.BOT, Kind.PREVIEW: Verdict.PREVIEW}


@pytest.fixture(scope="module")
def world() -> World:
    """A small one, with its truth."""
    return simulate(COMMON, seed=1, recipients=400)


def test_the_truth_scores_best(world: World) -> None:
    found = figures([tally(world, {fact.click_id: TRUE[fact.kind] for fact in world.facts})])
    best = dict.fromkeys(("inflation", "click-rate error", "error of 19 in 20", "people suspected"), 0)
    assert {name: best.get(name, 1) for name in found} == {name: figure.value for name, figure in found.items()}


def test_believing_everything_finds_no_machine(world: World) -> None:
    found = figures([tally(world, {fact.click_id: Verdict.HUMAN for fact in world.facts})])
    assert (0, 1) == (found["bot recall"].value, found["human recall"].value)
    assert found["inflation"].value > 0.2
    assert found["click-rate error"].value > 0.2


def test_suspecting_everything_is_no_finding(world: World) -> None:
    found = figures([tally(world, {fact.click_id: Verdict.SUSPECTED for fact in world.facts})])
    names = ("bot precision", "bot recall", "human recall", "people suspected", "inflation")
    assert (1, 0, 0, 1, -1) == tuple(found[name].value for name in names)


def test_intervals_hold_the_figure() -> None:
    worlds = [simulate(COMMON, seed=seed, recipients=100) for seed in range(6)]
    tallies = [tally(world, {fact.click_id: Verdict.HUMAN for fact in world.facts}) for world in worlds]
    for figure in figures(tallies).values():
        assert figure.low <= figure.value <= figure.high
    assert figures(tallies)["inflation"].low < figures(tallies)["inflation"].high
