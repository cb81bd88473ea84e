import pytest

from bench.population.draws import PerturbedRandom


def test_a_parameter_is_the_same_for_all_of_a_world() -> None:
    assert PerturbedRandom(7, "one").perturb("delay", 33) == PerturbedRandom(7, "another").perturb("delay", 33)


@pytest.mark.parametrize("world", range(30))
def test_a_parameter_is_at_most_half_off(world: int) -> None:
    assert 50 <= PerturbedRandom(world, "anybody").perturb("delay", 100) <= 150


def test_worlds_differ() -> None:
    assert len({PerturbedRandom(world, "anybody").perturb("delay", 33) for world in range(10)}) == 10
