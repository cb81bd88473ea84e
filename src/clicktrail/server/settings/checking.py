"""Refuse settings of the right kind that cannot be used."""

import ipaddress
from urllib.parse import urlsplit

from clicktrail.errors import SettingsError
from clicktrail.model.hosts import check_hosts, check_named_hosts
from clicktrail.server.settings.address import Address
from clicktrail.server.settings.sections import Settings, Utm

__all__ = ["check"]


def check(settings: Settings) -> None:
    """See that they can be used.

    Raises:
        SettingsError: one cannot; it is named.
    """
    if not _is_origin(settings.tracking.domain):
        raise SettingsError(
            f"tracking.domain is '{settings.tracking.domain}'", hint="write scheme and host: https://links.example.com"
        )
    if settings.utm.convention and settings.utm != Utm(convention=settings.utm.convention):
        raise SettingsError(
            f"utm.convention names {settings.utm.convention}, and [utm] has other keys beside it",
            hint="move them into that file",
        )
    given = {name: bool(getattr(settings.dkim, name)) for name in settings.dkim.__struct_fields__}
    if any(given.values()) and not all(given.values()):
        missing = next(name for name in given if not given[name])
        raise SettingsError(f"dkim.{missing} is missing", hint=f"a key needs {', '.join(given)}")
    if settings.registry.url and not settings.registry.url.startswith("postgresql://"):
        raise SettingsError("registry.url is no PostgreSQL URL", hint="write postgresql://user@host/database")
    Address.parse(settings.edge.listen)
    Address.parse(settings.metrics.listen)
    Address.parse(settings.relay.next_hop)
    for name, listen in (("relay.listen", settings.relay.listen), ("console.listen", settings.console.listen)):
        if not _is_loopback(Address.parse(listen).host):
            raise SettingsError(f"{name} is '{listen}'", hint="it must be on loopback, such as 127.0.0.1")
    check_hosts("utm.own_hosts", settings.utm.own_hosts)
    check_named_hosts("engagement.hosts", settings.engagement.hosts)
    for network in settings.edge.trusted_proxies:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            raise SettingsError(f"edge.trusted_proxies: {error}", hint="write a network, such as 10.0.0.0/8") from error


def _is_origin(text: str) -> bool:
    try:
        url = urlsplit(text)
    except ValueError:
        return False
    beyond = url.path.strip("/") or url.query or url.fragment
    return url.scheme in {"http", "https"} and bool(url.hostname) and not beyond


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
