"""Parse a domains file: tracking domains, and what each shows and allows. ``clicktrail domain import`` reads it."""

from collections.abc import Sequence

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
from clicktrail.model.tracking_domain import TrackingDomain


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
