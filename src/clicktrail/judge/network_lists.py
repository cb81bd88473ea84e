"""Lists of address ranges as their owners publish them, and as an operator writes them.

Read are Amazon's ``ip-ranges.json``, Google's ``cloud.json`` and ``goog.json``, Microsoft's service tags, TOML with a
``[[networks]]`` for each network, and text with a range at the beginning of each line, CSV among it.
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

__all__ = ["ListedNetwork", "build_table_from_list", "parse_network_list"]

_IPV4_END: Final = 1 << 32
_MAX_IPV4_RANGE_SIZE, _MAX_IPV6_RANGE_SIZE = 1 << 24, 1 << 48
"""Numbers of a /8 and a /16: nobody has more at a stretch, so that what is wider is a slip, and would be costly."""

_ADDRESS_START = re.compile(r"[0-9][.:]|::")
"""What a heading has not, and a range that is misspelled has."""


class ListedNetwork(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A network in a list.

    Attributes:
        name: the organisation.
        network_class: what comes from there.
        ranges: as :func:`~clicktrail.judge.networks.block_of` reads them.
        asn: number of the autonomous system; 0 where unknown.
        expires: the first day on which it counts no more; None for never.
    """

    name: str
    network_class: NetworkClass = msgspec.field(name="class")
    ranges: tuple[str, ...]
    asn: int = 0
    expires: date | None = None


class _NetworksFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    networks: tuple[ListedNetwork, ...]


class _CloudPrefix(msgspec.Struct, frozen=True):
    """One range: the first two names are Amazon's, the others Google's."""

    ip_prefix: str = ""
    ipv6_prefix: str = ""
    google_ipv4: str = msgspec.field(name="ipv4Prefix", default="")
    google_ipv6: str = msgspec.field(name="ipv6Prefix", default="")


class _ServiceTagProperties(msgspec.Struct, frozen=True):
    ranges: tuple[str, ...] = msgspec.field(name="addressPrefixes", default=())


class _ServiceTag(msgspec.Struct, frozen=True):
    properties: _ServiceTagProperties


class _CloudDocument(msgspec.Struct, frozen=True):
    """The documents of all three clouds; each has its own fields."""

    prefixes: tuple[_CloudPrefix, ...] = ()
    ipv6_prefixes: tuple[_CloudPrefix, ...] = ()
    values: tuple[_ServiceTag, ...] = ()


def parse_network_list(
    text: str, *, name: str = "", network_class: NetworkClass | None = None
) -> tuple[ListedNetwork, ...]:
    """Read a list.

    Args:
        text: the list.
        name: of the organisation, for a list that does not say.
        network_class: what comes from there, for a list that does not say.

    Raises:
        SettingsError: it is no list, has nothing in it, or a range that is none or wider than anybody's.
    """
    try:
        if text.lstrip().startswith("{"):
            listed = _networks_from_cloud(msgspec.json.decode(text, type=_CloudDocument))
        elif "[[networks]]" in text:
            listed = decode_toml(text, _NetworksFile, name="the network list").networks
        else:
            listed = (_network_from_lines(text, name, network_class),)
    except msgspec.ValidationError as error:
        raise SettingsError(f"networks cannot be read: {explain_error(error)}") from error
    except msgspec.DecodeError as error:
        raise SettingsError(f"networks cannot be read: {error}") from error
    for network in listed:
        for text_of_range in network.ranges:
            _parse_limited_range(text_of_range)
    if not any(network.ranges for network in listed):
        raise SettingsError("no network has a range in it")
    return listed


def build_table_from_list(networks: Iterable[ListedNetwork], *, today: date) -> NetworkTable:
    """The table of networks that still count; its version changes when one of them does no more."""
    valid = [network for network in networks if network.expires is None or today < network.expires]
    version = hashlib.sha256(msgspec.json.encode(valid)).hexdigest()[:8]
    return build_table(
        version,
        [
            (_parse_limited_range(text), Network(name=each.name, asn=each.asn, network_class=each.network_class))
            for each in valid
            for text in each.ranges
        ],
    )


def _networks_from_cloud(cloud: _CloudDocument) -> tuple[ListedNetwork, ...]:
    both = (*cloud.prefixes, *cloud.ipv6_prefixes)
    amazon = tuple(text for prefix in both for text in (prefix.ip_prefix, prefix.ipv6_prefix) if text)
    google = tuple(text for prefix in both for text in (prefix.google_ipv4, prefix.google_ipv6) if text)
    microsoft = tuple(dict.fromkeys(text for tag in cloud.values for text in tag.properties.ranges))
    return (
        ListedNetwork(name="Amazon", asn=16509, network_class=NetworkClass.AWS, ranges=amazon),
        ListedNetwork(name="Google", asn=396982, network_class=NetworkClass.GOOGLE, ranges=google),
        ListedNetwork(name="Microsoft", asn=8075, network_class=NetworkClass.MICROSOFT, ranges=microsoft),
    )


def _network_from_lines(text: str, name: str, network_class: NetworkClass | None) -> ListedNetwork:
    if not (name and network_class):
        raise SettingsError("a list of ranges does not say whose they are", hint="give --name and --class")
    return ListedNetwork(name=name, network_class=network_class, ranges=tuple(_parse_ranges(text.splitlines())))


def _parse_ranges(lines: Iterable[str]) -> Iterator[str]:
    """The range of each line: its first field, or its first two where they are the ends; the first may be a heading."""
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
                raise SettingsError(f"networks cannot be read: line {number} begins with no range")


def _parse_limited_range(text: str) -> AddressRange:
    try:
        block = parse_range(text)
    except ValueError as error:
        raise SettingsError(f"networks cannot be read: {error}") from error
    if block.last - block.first >= (_MAX_IPV4_RANGE_SIZE if block.first < _IPV4_END else _MAX_IPV6_RANGE_SIZE):
        raise SettingsError(f"networks cannot be read: nobody has a range as wide as {text}")
    return block
