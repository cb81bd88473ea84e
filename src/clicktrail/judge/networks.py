"""Which organisation an address belongs to, where that tells scanners from people."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import msgspec

from clicktrail.judge.addresses import number_of

__all__ = ["Network", "NetworkClass", "NetworkTable", "Networks"]

_REMEMBERED = 16_384
"""Addresses whose network is kept: scanners come back from the same ones."""


class NetworkClass(StrEnum):
    """What comes from a network that is no access network.

    Attributes:
        MAIL_SECURITY: scanners of mail, and people who browse in the isolation of the same company.
        MICROSOFT: Defender, Azure and people at remote desktops there.
        GOOGLE: Google's services and its cloud.
        AWS: Amazon's cloud.
        DATACENTRE: other rented computers.
        SSE_EGRESS: people of companies that browse through a security service.
        CDN_RELAY: people behind private relays, and content delivery networks.
        VPN: people behind VPNs, in networks that rent to few others.
        SOCIAL: social networks' programs.
        OURS: the sender's own, such as a proxy or an office; says nothing of who follows a link.
    """

    MAIL_SECURITY = "mail-security"
    MICROSOFT = "microsoft"
    GOOGLE = "google"
    AWS = "aws"
    DATACENTRE = "datacentre"
    SSE_EGRESS = "sse-egress"
    CDN_RELAY = "cdn-relay"
    VPN = "vpn"
    SOCIAL = "social"
    OURS = "ours"


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses of one organisation.

    Attributes:
        name: the organisation.
        asn: number of the autonomous system that announces them; 0 where it is not known.
        kind: what comes from there.
    """

    name: str
    asn: int = 0
    kind: NetworkClass = msgspec.field(name="class")

    def __str__(self) -> str:
        """Such as ``Microsoft AS8075``."""
        return f"{self.name} AS{self.asn}" if self.asn else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkTable:
    """The line of addresses in pieces of which each belongs to one network, or to none.

    Attributes:
        version: changes with anything else here.
        networks: every network there is.
        starts: where each piece begins, ascending, from 0.
        owners: whose each piece is: 0 for nobody's, else the place in ``networks``, from 1.
    """

    version: str
    networks: tuple[Network, ...]
    starts: Sequence[int]
    owners: Sequence[int]

    def at(self, number: int) -> Network | None:
        """The network that a number of the line belongs to."""
        owner = self.owners[bisect_right(self.starts, number) - 1]
        return self.networks[owner - 1] if owner else None


class Networks:
    """Tables of networks; where several know an address, the first says whose it is."""

    def __init__(self, *tables: NetworkTable) -> None:
        self.tables = tables
        self.version = "+".join(table.version for table in tables)
        self._remembered = lru_cache(_REMEMBERED)(self._find)

    def find(self, address: str) -> Network | None:
        """The network of an address in text; None where no table has one, or it is no address.

        Of ``192.0.2.0/24``, which is kept of an address in the end, the first address stands for all.
        """
        return self._remembered(address)

    def _find(self, address: str) -> Network | None:
        try:
            number = number_of(address.partition("/")[0])
        except ValueError:
            return None
        for table in self.tables:
            if found := table.at(number):
                return found
        return None
