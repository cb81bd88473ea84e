import pytest

from bench.population.draws import PerturbedRandom


def test_parameter_is_the_same_for_all_draws_of_a_seed() -> None:
    assert PerturbedRandom(7, "one").perturb("delay", 33) == PerturbedRandom(7, "another").perturb("delay", 33)


@pytest.mark.parametrize("seed", range(30))
def test_parameter_deviates_by_at_most_half(seed: int) -> None:
    assert 50 <= PerturbedRandom(seed, "one").perturb("delay", 100) <= 150


def test_parameters_differ_between_seeds() -> None:
    assert len({PerturbedRandom(seed, "one").perturb("delay", 33) for seed in range(10)}) == 10
