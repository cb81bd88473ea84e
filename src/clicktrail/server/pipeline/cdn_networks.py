"""Networks of CDNs, by name, and the networks of trusted proxies, which may be named by a CDN."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from importlib import resources
from ipaddress import ip_network

import msgspec

from clicktrail.config_text import decode_toml
from clicktrail.errors import SettingsError
from clicktrail.server.pipeline.request import IPAddress, IPNetwork


class Cdn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The published networks of one CDN.

    Attributes:
        source: where the operator publishes them.
        date: when they were last compared.
    """

    source: str
    date: date
    networks: tuple[str, ...]


@cache
def load_cdns() -> Mapping[str, Cdn]:
    """All CDNs that are known, by their names in settings."""
    text = (resources.files("clicktrail.server.pipeline") / "data" / "cdn_networks.toml").read_text("utf-8")
    return decode_toml(text, dict[str, Cdn], name="cdn_networks.toml")


def find_cdn(address: IPAddress) -> str:
    """Name of the CDN that an address belongs to; empty if it belongs to none that is known."""
    for name, networks in _list_networks().items():
        if any(address in network for network in networks):
            return name
    return ""


@cache
def _list_networks() -> Mapping[str, tuple[IPNetwork, ...]]:
    return {name: tuple(map(ip_network, cdn.networks)) for name, cdn in load_cdns().items()}


def parse_trusted_proxies(entries: Iterable[str]) -> tuple[IPNetwork, ...]:
    """Networks of the setting ``edge.trusted_proxies``: each entry is a network or the name of a CDN.

    Raises:
        SettingsError: an entry is neither.
    """
    networks: list[IPNetwork] = []
    for entry in entries:
        try:
            networks.append(ip_network(entry))
        except ValueError as error:
            if entry not in _list_networks():
                raise SettingsError(
                    f"edge.trusted_proxies: {error}",
                    hint=f"write a network, such as 10.0.0.0/8, or the name of a CDN: {', '.join(load_cdns())}",
                ) from error
            networks += _list_networks()[entry]
    return tuple(networks)
