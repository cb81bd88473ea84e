"""Seeded draws, in a world whose parameters lie off what was published."""

from functools import lru_cache
from math import inf
from typing import Final

from clicktrail.demo.population.draws import Chance

__all__ = ["Luck"]

_OFF: Final = 0.5
"""By how much of itself a parameter may be another one in some world."""


class Luck(Chance):
    """One actor's luck with one message. Nothing ends early here, as it does in the demo.

    Args:
        world: the seed.
        who: what these draws are for: the same world and the same words give the same draws.
    """

    def __init__(self, world: int, who: str) -> None:
        super().__init__(f"{world} {who}", window=inf)
        self._world = world

    def about(self, parameter: str, published: float) -> float:
        """What a published parameter is in this world: the same for all actors, up to half off."""
        return published * _factor(self._world, parameter)

    def often(self, parameter: str, published: float) -> bool:
        """Whether something comes to pass that is as probable as about this."""
        return self.happens(min(1.0, self.about(parameter, published)))

    def between(self, parameter: str, low: float, high: float) -> float:
        """Evenly between two bounds, in seconds, both longer or both shorter in this world."""
        return self.about(parameter, self.uniform(low, high))

    def waiting(self, parameter: str, median: float, sigma: float, *, high: float = inf) -> float:
        """Log-normal, in seconds, with this world's median, drawn again while over the bound."""
        return self.lognormal(self.about(parameter, median), sigma, high=high)


@lru_cache(4096)
def _factor(world: int, parameter: str) -> float:
    return Chance(f"{world} {parameter}", window=inf).uniform(1 - _OFF, 1 + _OFF)
