"""Seeded random draws."""

import ipaddress
from collections.abc import Sequence
from random import Random


class SeededRandom(Random):
    """Random numbers for one actor and one message; its requests happen within ``window_s`` seconds of delivery."""

    def __init__(self, seed: str, *, window_s: float) -> None:
        super().__init__(seed)
        self.window_s = window_s

    def happens(self, probability: float) -> bool:
        """Draw True with this probability."""
        return self.random() < probability

    def uniform_delay(self, low: float, high: float) -> float:
        """Draw a delay uniformly between two bounds, which are cut off at half the window and at the window."""
        return self.uniform(min(low, self.window_s / 2), min(high, self.window_s))

    def lognormal(self, median: float, sigma: float, *, low: float = 0.0, high: float | None = None) -> float:
        """Draw from a log-normal distribution until within the bounds; ``high`` defaults to `window_s`."""
        upper_bound = self.window_s if high is None else high
        while True:
            value = median * self.lognormvariate(0, sigma)
            if low <= value <= upper_bound:
                return value

    def sample_share(self, items: Sequence[str], share: float) -> list[str]:
        """Draw a share of the items, at least one; their order is kept."""
        chosen = set(self.sample(range(len(items)), max(1, round(share * len(items)))))
        return [item for index, item in enumerate(items) if index in chosen]

    def pick_host(self, networks: Sequence[str]) -> str:
        """Draw any host address of one of the networks."""
        network = ipaddress.ip_network(self.choice(networks))
        return str(network[self.randrange(1, network.num_addresses - 1)])

    def pick_server(self, networks: Sequence[str], *, server_count: int) -> str:
        """Draw one of the few addresses that a service uses in each of its networks."""
        network = ipaddress.ip_network(self.choice(networks))
        # Evenly spaced, but not on round numbers, which look like network addresses.
        stride = network.num_addresses // (server_count + 1)
        return str(network[stride * self.randint(1, server_count) + stride // 3])  # not a round address such as .64
