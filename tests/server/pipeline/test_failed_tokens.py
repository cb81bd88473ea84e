from datetime import UTC, datetime, timedelta

import pytest

from clicktrail.server.pipeline.failed_tokens import FailedTokenLimiter, Rate, find_network

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def count_allowed(limiter: FailedTokenLimiter, ips: list[str], *, at: datetime = NOW) -> int:
    return sum(limiter.allows(ip, now=at) for ip in ips)


def test_each_network_has_a_burst_and_then_a_rate() -> None:
    limiter = FailedTokenLimiter(network_rate=Rate(burst=5, per_second=2))
    same_network = [f"192.0.2.{number}" for number in range(20)]
    assert count_allowed(limiter, same_network) == 5
    assert count_allowed(limiter, ["198.51.100.1"] * 20) == 5
    assert count_allowed(limiter, same_network, at=NOW + timedelta(seconds=1)) == 2
    assert count_allowed(limiter, same_network, at=NOW + timedelta(hours=1)) == 5
    assert count_allowed(limiter, same_network, at=NOW) == 0  # the clock was set back
    assert limiter.omitted_count == 15 + 15 + 18 + 15 + 20


def test_all_networks_together_are_limited() -> None:
    limiter = FailedTokenLimiter(total_rate=Rate(burst=300, per_second=1))
    assert count_allowed(limiter, [f"10.{number // 256}.{number % 256}.1" for number in range(10_000)]) == 300


@pytest.mark.parametrize(
    ("ip", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.255", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("2001:db8::1", "2001:db8::ffff:0:0:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("", "nonsense", True),
    ],
)
def test_network_is_that_of_one_customer(ip: str, other: str, is_same: bool) -> None:
    assert (find_network(ip) == find_network(other)) == is_same
