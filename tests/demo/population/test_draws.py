import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from clicktrail.demo.population.draws import SeededRandom

SEEDS = st.text(max_size=10)
NETWORKS = ["86.128.0.0/11", "217.91.14.16/29", "2003:ea::/32"]


@given(seed=SEEDS)
def test_same_seed_gives_the_same_draws(seed: str) -> None:
    first, second = SeededRandom(seed, window_s=40), SeededRandom(seed, window_s=40)
    assert [first.random() for _ in range(5)] == [second.random() for _ in range(5)]
    assert first.pick_host(NETWORKS) == second.pick_host(NETWORKS)


@given(seed=SEEDS, low=st.floats(0, 100), length=st.floats(0, 600))
def test_delays_are_within_the_window(seed: str, low: float, length: float) -> None:
    assert 0 <= SeededRandom(seed, window_s=40).uniform_delay(low, low + length) <= 40


@given(seed=SEEDS, median=st.floats(5, 35), sigma=st.floats(0.3, 2))
def test_lognormal_is_within_its_bounds(seed: str, median: float, sigma: float) -> None:
    assert 2 <= SeededRandom(seed, window_s=40).lognormal(median, sigma, low=2) <= 40


@given(seed=SEEDS)
def test_host_is_in_one_of_the_networks(seed: str) -> None:
    address = ipaddress.ip_address(SeededRandom(seed, window_s=40).pick_host(NETWORKS))
    (network,) = [candidate for candidate in map(ipaddress.ip_network, NETWORKS) if address in candidate]
    assert address not in {network.network_address, network.broadcast_address}


def test_service_uses_few_addresses() -> None:
    ips = {SeededRandom(str(seed), window_s=40).pick_server(NETWORKS[1:2], server_count=3) for seed in range(100)}
    assert len(ips) == 3
    assert all(ipaddress.ip_address(ip) in ipaddress.ip_network(NETWORKS[1]) for ip in ips)


@given(seed=SEEDS, items=st.lists(st.uuids().map(str), min_size=1, max_size=20, unique=True), share=st.floats(0, 1))
def test_sampled_share_keeps_its_order(seed: str, items: list[str], share: float) -> None:
    sample = SeededRandom(seed, window_s=40).sample_share(items, share)
    assert max(1, round(share * len(items))) == len(sample)
    assert sample == sorted(sample, key=items.index)
