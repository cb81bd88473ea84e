import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.server.pipeline.shared_address import MIN_CLICKS, WINDOW_CLICKS, SharedAddress, SharedAddressDetector


def make_detector(*addresses: str) -> SharedAddressDetector:
    detector = SharedAddressDetector()
    for address in addresses:
        detector.add(address)
    return detector


def distinct_addresses(count: int) -> list[str]:
    return [f"198.51.{number // 256}.{number % 256}" for number in range(count)]


@pytest.mark.parametrize(("proxied", "expected"), [(31, SharedAddress(network="10.1.2.0/24", share=0.31)), (30, None)])
def test_address_with_over_30_percent_of_clicks_is_reported(proxied: int, expected: SharedAddress | None) -> None:
    assert expected == make_detector(*distinct_addresses(100 - proxied), *["10.1.2.3"] * proxied).find_shared_address()


@given(address=st.ip_addresses().map(str))
def test_only_the_network_is_reported(address: str) -> None:
    shared = make_detector(*[address] * MIN_CLICKS).find_shared_address()

    assert shared
    assert shared.network.endswith(("/24", "/48"))


def test_nothing_is_reported_with_few_clicks() -> None:
    assert make_detector(*["10.1.2.3"] * (MIN_CLICKS - 1)).find_shared_address() is None


def test_clicks_without_address_are_ignored() -> None:
    assert make_detector(*[""] * 500, *distinct_addresses(MIN_CLICKS)).find_shared_address() is None


def test_only_latest_clicks_are_counted() -> None:
    detector = make_detector(*["10.1.2.3"] * WINDOW_CLICKS)
    assert detector.find_shared_address()
    for address in distinct_addresses(WINDOW_CLICKS):
        detector.add(address)

    assert detector.find_shared_address() is None


def test_invalid_address_has_no_network() -> None:
    assert SharedAddress(network="", share=1.0) == make_detector(*["invalid"] * MIN_CLICKS).find_shared_address()
