"""Networks of CDNs, and trusted proxies that name them."""

from datetime import date
from ipaddress import ip_address, ip_network

import pytest

from clicktrail.errors import SettingsError
from clicktrail.server.pipeline.cdn_networks import find_cdn, load_cdns, parse_trusted_proxies
from clicktrail.server.pipeline.request import TrustedProxies


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("104.16.3.4", "cloudflare"),
        ("172.67.1.1", "cloudflare"),
        ("2606:4700:10::1", "cloudflare"),
        ("151.101.1.1", "fastly"),
        ("2a04:4e42::1", "fastly"),
        ("192.0.2.1", ""),
        ("2001:db8::1", ""),
        ("104.32.0.1", ""),
    ],
)
def test_address_belongs_to_a_cdn(address: str, name: str) -> None:
    assert find_cdn(ip_address(address)) == name


def test_every_list_has_a_source_and_a_date() -> None:
    assert {name for name, cdn in load_cdns().items() if not (cdn.source and cdn.date <= date(2026, 12, 1))} == set()


def test_a_trusted_proxy_is_a_network_or_the_name_of_a_cdn() -> None:
    networks = parse_trusted_proxies(["127.0.0.0/8", "cloudflare"])
    assert networks[0] == ip_network("127.0.0.0/8")
    assert list(map(str, networks[1:])) == list(load_cdns()["cloudflare"].networks)


@pytest.mark.parametrize("entry", ["cloudfare", "10.0.0.1/8", "Cloudflare", ""])
def test_any_other_trusted_proxy_is_an_error_that_names_the_cdns(entry: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_trusted_proxies([entry])
    assert "cloudflare, fastly" in caught.value.hint


def test_the_readers_address_survives_a_cdn_and_a_proxy_of_ours() -> None:
    proxies = TrustedProxies(parse_trusted_proxies(["127.0.0.0/8", "cloudflare"]))
    headers = {"x-forwarded-for": "198.51.100.66, 203.0.113.9, 172.68.1.1", "x-forwarded-proto": "https"}
    assert proxies.resolve_client("127.0.0.1", headers, https=False) == ("203.0.113.9", True)
