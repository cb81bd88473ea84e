"""Seeded draws, in a world whose parameters lie off what was published."""

from functools import lru_cache
from math import inf
from typing import Final

from clicktrail.demo.population.draws import SeededRandom

__all__ = ["PerturbedRandom"]

_MAX_DEVIATION: Final = 0.5
"""By how much of itself a parameter may be another one in some world."""


class PerturbedRandom(SeededRandom):
    """One actor's luck with one message. Nothing ends early here, as it does in the demo.

    Args:
        seed: the seed.
        purpose: what these draws are for: the same world and the same words give the same draws.
    """

    def __init__(self, seed: int, purpose: str) -> None:
        super().__init__(f"{seed} {purpose}", window_s=inf)
        self._seed = seed

    def perturb(self, parameter: str, published: float) -> float:
        """What a published parameter is in this world: the same for all actors, up to half off."""
        return published * _draw_factor(self._seed, parameter)

    def happens_perturbed(self, parameter: str, published: float) -> bool:
        """Whether something comes to pass that is as probable as about this."""
        return self.happens(min(1.0, self.perturb(parameter, published)))

    def uniform_perturbed(self, parameter: str, low: float, high: float) -> float:
        """Evenly between two bounds, in seconds, both longer or both shorter in this world."""
        return self.perturb(parameter, self.uniform(low, high))

    def lognormal_perturbed(self, parameter: str, median: float, sigma: float, *, high: float = inf) -> float:
        """Log-normal, in seconds, with this world's median, drawn again while over the bound."""
        return self.lognormal(self.perturb(parameter, median), sigma, high=high)


@lru_cache(4096)
def _draw_factor(seed: int, parameter: str) -> float:
    return SeededRandom(f"{seed} {parameter}", window_s=inf).uniform(1 - _MAX_DEVIATION, 1 + _MAX_DEVIATION)
