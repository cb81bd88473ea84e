import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.server.pipeline.shared_address import MIN_CLICKS, WINDOW_CLICKS, SharedAddress, SharedAddressDetector


def watched(*addresses: str) -> SharedAddressDetector:
    """A watch that has seen clicks from these addresses."""
    watch = SharedAddressDetector()
    for address in addresses:
        watch.add(address)
    return watch


def readers(count: int) -> list[str]:
    """As many addresses as readers."""
    return [f"198.51.{number // 256}.{number % 256}" for number in range(count)]


@pytest.mark.parametrize(("proxied", "expected"), [(31, SharedAddress(network="10.1.2.0/24", share=0.31)), (30, None)])
def test_more_than_thirty_per_cent_are_too_many(proxied: int, expected: SharedAddress | None) -> None:
    assert expected == watched(*readers(100 - proxied), *["10.1.2.3"] * proxied).find_shared_address()


@given(address=st.ip_addresses().map(str))
def test_no_more_than_the_network_is_told(address: str) -> None:
    shared = watched(*[address] * MIN_CLICKS).find_shared_address()

    assert shared
    assert shared.network.endswith(("/24", "/48"))


def test_few_clicks_say_nothing() -> None:
    assert watched(*["10.1.2.3"] * (MIN_CLICKS - 1)).find_shared_address() is None


def test_clicks_without_an_address_count_for_nothing() -> None:
    assert watched(*[""] * 500, *readers(MIN_CLICKS)).find_shared_address() is None


def test_only_the_latest_clicks_count() -> None:
    watch = watched(*["10.1.2.3"] * WINDOW_CLICKS)
    assert watch.find_shared_address()
    for address in readers(WINDOW_CLICKS):
        watch.add(address)

    assert watch.find_shared_address() is None


def test_what_is_no_address_has_no_network() -> None:
    assert SharedAddress(network="", share=1.0) == watched(*["somebody"] * MIN_CLICKS).find_shared_address()
