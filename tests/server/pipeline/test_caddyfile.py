"""Caddy's configuration, which Caddy itself reads."""

import json
from ipaddress import ip_network

import pytest

from clicktrail.server.pipeline.caddyfile import EdgeProxy, build_caddyfile, build_on_demand_caddyfile
from clicktrail.server.pipeline.cdn_networks import parse_trusted_proxies
from tests.support.caddy import adapt_caddyfile

PROXY = EdgeProxy(address="127.0.0.1:8080")
HOSTS = ["links.example.com", "xn--bcher-kva.example", "links.example.com"]


def find_subjects(text: str) -> list[str]:
    """Hosts that Caddy would serve."""
    servers = adapt_caddyfile(text)["apps"]["http"]["servers"].values()
    return sorted(
        {host for server in servers for route in server["routes"] for match in route["match"] for host in match["host"]}
    )


def test_every_host_is_served_by_name() -> None:
    text = build_caddyfile(HOSTS, PROXY)
    assert find_subjects(text) == ["links.example.com", "xn--bcher-kva.example"]
    assert "on_demand" not in text
    assert "ask" not in text


def test_requests_go_to_the_edge_and_wait_while_it_restarts() -> None:
    text = json.dumps(adapt_caddyfile(build_caddyfile(HOSTS, PROXY)))
    assert '"dial": "127.0.0.1:8080"' in text
    assert '"try_duration": 5000000000' in text
    assert '"Strict-Transport-Security": ["max-age=31536000"]' in text


def test_caddys_own_redirect_is_kept_at_standard_ports() -> None:
    config = adapt_caddyfile(build_caddyfile(HOSTS, PROXY))
    assert [server["listen"] for server in config["apps"]["http"]["servers"].values()] == [[":443"]]
    assert "automatic_https" not in json.dumps(config)


def test_other_ports_get_a_redirect_to_the_other_port() -> None:
    proxy = EdgeProxy(address="127.0.0.1:8080", http_port=8081, https_port=8443)
    config = adapt_caddyfile(build_caddyfile(HOSTS, proxy))
    assert sorted(server["listen"] for server in config["apps"]["http"]["servers"].values()) == [[":8081"], [":8443"]]
    assert "https://{http.request.host}:8443{http.request.uri}" in json.dumps(config)


def test_behind_a_cdn_the_readers_address_is_kept() -> None:
    networks = parse_trusted_proxies(["cloudflare", "10.0.0.0/8"])
    config = adapt_caddyfile(build_caddyfile(HOSTS, EdgeProxy(address="127.0.0.1:8080", trusted_proxies=networks)))
    assert json.dumps([*map(str, networks)])[1:-1] in json.dumps(config)


def test_the_proxy_protocol_names_the_client() -> None:
    text = json.dumps(adapt_caddyfile(build_caddyfile(HOSTS, EdgeProxy(address="[::1]:8080", proxy_protocol=True))))
    assert '"proxy_protocol": "v2"' in text
    assert '"dial": "[::1]:8080"' in text


@pytest.mark.parametrize("host", ["*.example.com", "localhost", "", "a b.example", "links.example.com {", "192.0.2.1"])
def test_wildcards_and_other_text_are_refused(host: str) -> None:
    with pytest.raises(ValueError, match="is no host name"):
        build_caddyfile(["links.example.com", host], PROXY)


def test_on_demand_asks_the_edge() -> None:
    proxy = EdgeProxy(
        address="127.0.0.1:8080", trusted_proxies=[ip_network("10.0.0.0/8")], http_port=8081, https_port=8443
    )
    config = adapt_caddyfile(build_on_demand_caddyfile(proxy))
    on_demand = config["apps"]["tls"]["automation"]["on_demand"]
    assert on_demand["permission"] == {"endpoint": "http://127.0.0.1:8080/ask", "module": "http"}
    assert (config["apps"]["http"]["http_port"], config["apps"]["http"]["https_port"]) == (8081, 8443)
