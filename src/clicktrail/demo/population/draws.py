"""Seeded draws: the same seed plans the same requests."""

import ipaddress
from collections.abc import Callable, Sequence
from random import Random

__all__ = ["SeededRandom"]


class SeededRandom(Random):
    """One actor's luck with one letter.

    Attributes:
        window_s: seconds after delivery in which the demo has everything happen.
    """

    def __init__(self, seed: str, *, window_s: float) -> None:
        super().__init__(seed)
        self.window_s = window_s

    def happens(self, probability: float) -> bool:
        """Whether something comes to pass, this time."""
        return self.random() < probability

    def uniform_delay(self, low: float, high: float) -> float:
        """Evenly between two ages of the message, as far as the demo lasts."""
        return self.uniform(min(low, self.window_s / 2), min(high, self.window_s))

    def lognormal(self, median: float, sigma: float, *, low: float = 0.0, high: float | None = None) -> float:
        """Log-normal, drawn again while outside of the bounds; ``high`` is the window's end unless told."""
        highest = self.window_s if high is None else high
        return self._draw_bounded(low, highest, lambda: median * self.lognormvariate(0, sigma))

    def sample_share(self, items: Sequence[str], share: float) -> list[str]:
        """A share of the items, at least one, in their order."""
        chosen = set(self.sample(range(len(items)), max(1, round(share * len(items)))))
        return [item for index, item in enumerate(items) if index in chosen]

    def pick_host(self, networks: Sequence[str]) -> str:
        """Any host of one of the networks."""
        network = ipaddress.ip_network(self.choice(networks))
        return str(network[self.randrange(1, network.num_addresses - 1)])

    def pick_server(self, networks: Sequence[str], *, servers: int) -> str:
        """One of the few machines that a service works with in each of its networks."""
        network = ipaddress.ip_network(self.choice(networks))
        stride = network.num_addresses // (servers + 1)
        return str(network[stride * self.randint(1, servers) + stride // 3])

    def _draw_bounded(self, low: float, high: float, draw: Callable[[], float]) -> float:
        while True:
            drawn = draw()
            if low <= drawn <= high:
                return drawn
