"""Seeded random draws whose parameters deviate from their published values, differently for each seed."""

from functools import lru_cache
from math import inf
from typing import Final

from clicktrail.demo.population.draws import SeededRandom

_MAX_DEVIATION: Final = 0.5
"""Largest relative deviation of a parameter from its published value."""


class PerturbedRandom(SeededRandom):
    """Random numbers for one purpose, without the demo's time limit.

    Args:
        seed: seed of the simulation; it determines the deviation of each parameter.
        purpose: label; the same seed and purpose give the same draws.
    """

    def __init__(self, seed: int, purpose: str) -> None:
        super().__init__(f"{seed} {purpose}", window_s=inf)
        self._seed = seed

    def perturb(self, parameter: str, published: float) -> float:
        """Value of a published parameter in this simulation: the same for all actors, at most 50 % off."""
        return published * _draw_factor(self._seed, parameter)

    def happens_perturbed(self, parameter: str, published: float) -> bool:
        """Draw True with about the published probability."""
        return self.happens(min(1.0, self.perturb(parameter, published)))

    def uniform_perturbed(self, parameter: str, low: float, high: float) -> float:
        """Draw seconds uniformly between two bounds, both scaled by the same deviation."""
        return self.perturb(parameter, self.uniform(low, high))

    def lognormal_perturbed(self, parameter: str, median: float, sigma: float, *, high: float = inf) -> float:
        """Draw seconds from a log-normal distribution with a deviating median, again until within the bound."""
        return self.lognormal(self.perturb(parameter, median), sigma, high=high)


@lru_cache(4096)
def _draw_factor(seed: int, parameter: str) -> float:
    return SeededRandom(f"{seed} {parameter}", window_s=inf).uniform(1 - _MAX_DEVIATION, 1 + _MAX_DEVIATION)
