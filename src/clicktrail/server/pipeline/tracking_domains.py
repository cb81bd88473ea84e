"""The tracking domains of a sender, and what each of them shows and allows."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from clicktrail.config_text import decode_toml
from clicktrail.errors import SettingsError
from clicktrail.model.hosts import check_bounded_host_patterns, check_host_patterns, is_host_listed, is_host_name
from clicktrail.utm.query import extract_host

__all__ = ["TrackingDomain", "is_allowed_destination", "parse_domains"]


class TrackingDomain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One tracking domain.

    Attributes:
        host: its name, without scheme and port; empty for every name there is.
        sender: whose emails its links stand in, as readers know them; empty if they are not told.
        contact: whom a reader may ask; empty if nobody.
        home: a web URL that ``/`` has a link to; empty for none.
        hsts_days: for how many days browsers come by TLS only (RFC 6797); 0 not to tell them.
        destinations: hosts that its links may lead to: exact, ``*.example.com`` for all below, ``*`` for every host.
        opted_out: what is recorded of readers who ask not to be tracked; empty for what the settings say.
        engagement_hosts: landing pages' hosts that are handed the clicks on its links, as in the settings; none where
            pages have no part in it; None for what the settings say.
        apple_app_site_association: file that says which of its links an iOS app opens; empty for none.
        assetlinks: the same for Android.
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
    """Read a domains file: a table ``[[domain]]`` for each.

    Raises:
        SettingsError: not TOML, an unknown key, a value of the wrong kind, or a host that is none or listed twice.
    """
    domains = decode_toml(text, _DomainsFile, name="the domains file").domain
    hosts = [domain.host for domain in domains]
    for domain in domains:
        if not is_host_name(domain.host):
            raise SettingsError(
                f"'{domain.host}' is no host of a tracking domain",
                hint="write its name alone, in its ASCII form: links.example.com",
            )
        if hosts.count(domain.host) > 1:
            raise SettingsError(f"the tracking domain {domain.host} stands there twice")
        if domain.home and not extract_host(domain.home):
            raise SettingsError(f"the home of {domain.host} is '{domain.home}'", hint="write a web URL")
        check_host_patterns(f"destinations of {domain.host}", domain.destinations)
        check_bounded_host_patterns(f"engagement_hosts of {domain.host}", domain.engagement_hosts or ())
    return domains


def is_allowed_destination(destinations: Sequence[str], location: str) -> bool:
    """Whether a link may lead to a web URL."""
    return "*" in destinations or is_host_listed(extract_host(location), destinations)
