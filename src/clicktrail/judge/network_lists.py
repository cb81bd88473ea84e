"""Parse lists of IP networks that an operator imports.

Supported formats: Amazon's ``ip-ranges.json``, Google's ``cloud.json`` and ``goog.json``, Microsoft's service tags,
TOML with a ``[[networks]]`` table for each network, and text or CSV with a range at the beginning of each line.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

import msgspec

from clicktrail.config_text import decode_toml, explain_error
from clicktrail.errors import SettingsError
from clicktrail.judge.networks import AddressRange, Network, NetworkClass, NetworkTable, build_table, parse_range

_IPV4_END: Final = 1 << 32
_MAX_IPV4_RANGE_SIZE, _MAX_IPV6_RANGE_SIZE = 1 << 24, 1 << 48
"""Address numbers of a /8 and of a /16. No organisation owns larger ranges, so a larger one is a mistake."""

_ADDRESS_START = re.compile(r"[0-9][.:]|::")
"""Distinguishes a misspelled range from a heading."""


class ListedNetwork(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A network of the operator.

    Attributes:
        ranges: in the syntax of `parse_range`.
        asn: number of the autonomous system; 0 if unknown.
        expires: first day on which the entry is ignored; None for never.
    """

    name: str
    network_class: NetworkClass = msgspec.field(name="class")
    ranges: tuple[str, ...]
    asn: int = 0
    expires: date | None = None


class _NetworksFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    networks: tuple[ListedNetwork, ...]


class _CloudPrefix(msgspec.Struct, frozen=True):
    """One range: the first two fields are Amazon's, the others Google's."""

    ip_prefix: str = ""
    ipv6_prefix: str = ""
    google_ipv4: str = msgspec.field(name="ipv4Prefix", default="")
    google_ipv6: str = msgspec.field(name="ipv6Prefix", default="")


class _ServiceTagProperties(msgspec.Struct, frozen=True):
    ranges: tuple[str, ...] = msgspec.field(name="addressPrefixes", default=())


class _ServiceTag(msgspec.Struct, frozen=True):
    properties: _ServiceTagProperties


class _CloudDocument(msgspec.Struct, frozen=True):
    """The fields of all three clouds' documents; Microsoft's is ``values``."""

    prefixes: tuple[_CloudPrefix, ...] = ()
    ipv6_prefixes: tuple[_CloudPrefix, ...] = ()
    values: tuple[_ServiceTag, ...] = ()


def parse_network_list(
    text: str, *, name: str = "", network_class: NetworkClass | None = None
) -> tuple[ListedNetwork, ...]:
    """Parse a list of networks; the format is detected. Text and CSV need a name and a class.

    Raises:
        SettingsError: unknown format, no ranges, or an invalid or too large range.
    """
    try:
        if text.lstrip().startswith("{"):
            networks = _build_cloud_networks(msgspec.json.decode(text, type=_CloudDocument))
        elif "[[networks]]" in text:
            networks = decode_toml(text, _NetworksFile, name="the network list").networks
        else:
            networks = (_build_network_from_lines(text, name, network_class),)
    except msgspec.ValidationError as error:
        raise SettingsError(f"networks cannot be read: {explain_error(error)}") from error
    except msgspec.DecodeError as error:
        raise SettingsError(f"networks cannot be read: {error}") from error
    for network in networks:
        for range_text in network.ranges:
            _parse_limited_range(range_text)
    if not any(network.ranges for network in networks):
        raise SettingsError("the list has no address ranges")
    return networks


def build_table_from_list(networks: Iterable[ListedNetwork], *, today: date) -> NetworkTable:
    """Build a table of the networks that have not expired; its version changes when one expires."""
    active = [network for network in networks if network.expires is None or today < network.expires]
    version = hashlib.sha256(msgspec.json.encode(active)).hexdigest()[:8]
    return build_table(
        version,
        [
            (
                _parse_limited_range(range_text),
                Network(name=network.name, asn=network.asn, network_class=network.network_class),
            )
            for network in active
            for range_text in network.ranges
        ],
    )


def _build_cloud_networks(cloud: _CloudDocument) -> tuple[ListedNetwork, ...]:
    prefixes = (*cloud.prefixes, *cloud.ipv6_prefixes)
    amazon = tuple(text for prefix in prefixes for text in (prefix.ip_prefix, prefix.ipv6_prefix) if text)
    google = tuple(text for prefix in prefixes for text in (prefix.google_ipv4, prefix.google_ipv6) if text)
    microsoft = tuple(dict.fromkeys(text for tag in cloud.values for text in tag.properties.ranges))  # tags overlap
    return (
        ListedNetwork(name="Amazon", asn=16509, network_class=NetworkClass.AWS, ranges=amazon),
        ListedNetwork(name="Google", asn=396982, network_class=NetworkClass.GOOGLE, ranges=google),
        ListedNetwork(name="Microsoft", asn=8075, network_class=NetworkClass.MICROSOFT, ranges=microsoft),
    )


def _build_network_from_lines(text: str, name: str, network_class: NetworkClass | None) -> ListedNetwork:
    if not (name and network_class):
        raise SettingsError("a list of ranges needs the name and class of its network", hint="give --name and --class")
    return ListedNetwork(name=name, network_class=network_class, ranges=tuple(_parse_ranges(text.splitlines())))


def _parse_ranges(lines: Iterable[str]) -> Iterator[str]:
    """Parse one range per line: the first field, or the first two as its ends. The first line may be a heading."""
    for number, line in enumerate(lines, start=1):
        fields = [field.strip(' "') for field in line.partition("#")[0].replace(";", ",").split(",")]
        for text in ("-".join(fields[:2]), fields[0]):
            try:
                parse_range(text)
            except ValueError:
                continue
            yield text
            break
        else:
            if fields[0] and (number > 1 or _ADDRESS_START.search(fields[0])):
                raise SettingsError(f"networks cannot be read: line {number} does not begin with a range")


def _parse_limited_range(text: str) -> AddressRange:
    try:
        range_ = parse_range(text)
    except ValueError as error:
        raise SettingsError(f"networks cannot be read: {error}") from error
    max_size = _MAX_IPV4_RANGE_SIZE if range_.first < _IPV4_END else _MAX_IPV6_RANGE_SIZE
    if range_.last - range_.first >= max_size:
        raise SettingsError(f"networks cannot be read: {text} is larger than any network (IPv4: /8, IPv6: /16)")
    return range_
