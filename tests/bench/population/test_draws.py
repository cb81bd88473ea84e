import pytest

from bench.population.draws import Luck


def test_a_parameter_is_the_same_for_all_of_a_world() -> None:
    assert Luck(7, "one").about("delay", 33) == Luck(7, "another").about("delay", 33)


@pytest.mark.parametrize("world", range(30))
def test_a_parameter_is_at_most_half_off(world: int) -> None:
    assert 50 <= Luck(world, "anybody").about("delay", 100) <= 150


def test_worlds_differ() -> None:
    assert len({Luck(world, "anybody").about("delay", 33) for world in range(10)}) == 10
