"""Parse the domains file: the sender's tracking domains, and what each shows and allows."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from clicktrail.config_text import decode_toml
from clicktrail.errors import SettingsError
from clicktrail.model.hosts import (
    check_bounded_host_patterns,
    check_host_patterns,
    extract_host,
    is_host_listed,
    is_host_name,
)


class TrackingDomain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One tracking domain.

    Attributes:
        host: host name without scheme and port; empty in the default for all other hosts.
        sender: name of the sender, shown on error pages; empty to show none.
        contact: address or URL of a contact, shown on error pages; empty to show none.
        home: web URL linked from ``/``; empty for none.
        hsts_days: lifetime of HTTP Strict Transport Security in days (RFC 6797); 0 to send no such header.
        destinations: allowed hosts of destinations: exact, ``*.example.com`` for all subdomains, ``*`` for every host.
        opted_out: what is recorded of opted-out readers; empty to use the setting.
        engagement_hosts: hosts of landing pages that report engagement; empty for none; None to use the setting.
        apple_app_site_association: file to serve for iOS universal links; empty for none.
        assetlinks: file to serve for Android app links; empty for none.
    """

    host: str = ""
    sender: str = ""
    contact: str = ""
    home: str = ""
    hsts_days: Annotated[int, msgspec.Meta(ge=0)] = 0
    destinations: tuple[str, ...] = ("*",)
    opted_out: Literal["", "anonymous", "none"] = ""
    engagement_hosts: tuple[str, ...] | None = None
    apple_app_site_association: str = ""
    assetlinks: str = ""


class _DomainsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    domain: tuple[TrackingDomain, ...]


def parse_domains(text: str) -> tuple[TrackingDomain, ...]:
    """Parse a domains file (TOML), which has one table ``[[domain]]`` for each domain.

    Raises:
        SettingsError: invalid TOML, an unknown key, an invalid value, or an invalid or repeated host.
    """
    domains = decode_toml(text, _DomainsFile, name="the domains file").domain
    hosts = [domain.host for domain in domains]
    for domain in domains:
        if not is_host_name(domain.host):
            raise SettingsError(
                f"'{domain.host}' is not a valid host name of a tracking domain",
                hint="write the host name in ASCII, without scheme and port: links.example.com",
            )
        if hosts.count(domain.host) > 1:
            raise SettingsError(f"the tracking domain {domain.host} is listed twice")
        if domain.home and not extract_host(domain.home):
            raise SettingsError(f"the home of {domain.host} is not a web URL: '{domain.home}'")
        check_host_patterns(f"destinations of {domain.host}", domain.destinations)
        check_bounded_host_patterns(f"engagement_hosts of {domain.host}", domain.engagement_hosts or ())
    return domains


def is_allowed_destination(destinations: Sequence[str], location: str) -> bool:
    """Whether a redirect to a web URL is allowed."""
    return "*" in destinations or is_host_listed(extract_host(location), destinations)
