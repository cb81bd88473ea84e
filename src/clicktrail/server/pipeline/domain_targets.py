"""Where the records of a tracking domain have to lead: to our own edges, or to an ESP."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from clicktrail.errors import ClicktrailError
from clicktrail.esp.base import Esp, Region
from clicktrail.esp.catalogue import ESPS, find_esp_of_return_path
from clicktrail.model.hosts import is_domain_name, normalize_host

OWN_EDGE_ISSUER = "letsencrypt.org"
"""CA of the certificates that Caddy obtains for hosts of our own edge, as in a CAA record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedTarget:
    """Where a tracking domain has to lead. Host names are in lower case, ASCII, without last dot.

    Attributes:
        names: CNAME targets; each one is right. The first is the one to create.
        addresses: addresses that A and AAAA records may have, beside those of `names`.
        esp: ESP whose tracking domain this is; None for our own edge.
        region: region of the account at the ESP.
        issuer: CA that has to be allowed to issue certificates, as in a CAA record; empty if unknown.
    """

    names: tuple[str, ...] = ()
    addresses: tuple[IPv4Address | IPv6Address, ...] = ()
    esp: Esp | None = None
    region: Region = Region.US
    issuer: str = OWN_EDGE_ISSUER

    def __str__(self) -> str:
        """The target as in a record, for people."""
        return " or ".join((*self.names, *map(str, self.addresses)))

    @property
    def records(self) -> tuple[tuple[str, str], ...]:
        """Type and data of the records to create: one CNAME if there is a name, else A and AAAA."""
        if self.names:
            return (("CNAME", f"{self.names[0]}."),)
        return tuple(("A" if address.version == 4 else "AAAA", str(address)) for address in self.addresses)  # noqa: PLR2004


def build_own_target(targets: Sequence[str]) -> ExpectedTarget:
    """Target of a tracking domain of our own edge.

    Args:
        targets: the setting ``domains.targets``: names or addresses of our edges.

    Raises:
        ClicktrailError: the setting is empty, or a target is neither a host name nor an address.
    """
    if not targets:
        raise ClicktrailError(
            "the setting domains.targets is empty, so where tracking domains should lead is unknown",
            hint='name your edge in the settings file, such as [domains] targets = ["edge.example.com"]',
        )
    names: list[str] = []
    addresses: list[IPv4Address | IPv6Address] = []
    for target in targets:
        try:
            addresses.append(ip_address(target))
        except ValueError:
            names.append(_check_name(target))
    return ExpectedTarget(names=tuple(names), addresses=tuple(addresses))


def build_esp_target(esp_name: str, region: Region, target: str | None = None) -> ExpectedTarget:
    """Target of a tracking domain of an ESP.

    Args:
        esp_name: name of the ESP, such as ``sendgrid``.
        region: region of the account.
        target: CNAME target that the ESP shows to this customer, instead of the ESP's usual one.

    Raises:
        ClicktrailError: the ESP is unknown or needs `target`, or the target is the one of Return-Path records.
    """
    esp = ESPS.get(esp_name.lower())
    if esp is None:
        raise ClicktrailError(f"unknown ESP '{esp_name}'", hint=f"known ESPs: {', '.join(ESPS)}")
    if target is not None:
        names: tuple[str, ...] = (_check_name(target),)
    elif not (names := esp.targets.get(region, ())):
        raise ClicktrailError(
            f"{esp.title} shows each customer another CNAME target",
            hint=f"name it with --target; it is shown at {esp.target_shown_at}",
        )
    return ExpectedTarget(names=names, esp=esp, region=region, issuer=esp.issuer)


def build_named_target(target: str) -> ExpectedTarget:
    """Target of a tracking domain of our own edge that leads to this name or address instead of the setting's.

    Raises:
        ClicktrailError: the target is neither a host name nor an address, or the one of an ESP's Return-Path records.
    """
    return build_own_target([target])


def _check_name(target: str) -> str:
    name = normalize_host(target).removesuffix(".")
    if not is_domain_name(name):
        raise ClicktrailError(f"'{target}' is no host name", hint="write a name such as edge.example.com, without port")
    if esp := find_esp_of_return_path(name):
        where = f"; it is shown at {esp.target_shown_at}" if esp.target_shown_at else ""
        raise ClicktrailError(
            f"{name} is {esp.title}'s target of Return-Path records, which tracks no links",
            hint=f"use {esp.title}'s target of tracking domains{where}",
        )
    return name
