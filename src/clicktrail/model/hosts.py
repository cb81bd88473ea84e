"""Hosts of URLs, and host patterns in policies, UTM conventions and settings."""

import re
from collections.abc import Sequence
from functools import lru_cache

import ada_url

from clicktrail.errors import SettingsError

_WEB_PROTOCOLS = frozenset({"http:", "https:"})
_NOT_IN_HOSTS = re.compile(r"[/\\?#@\s]|:(?![^\[]*\])")
"""Characters that cannot be part of a host. Colons are allowed between brackets."""
_HOST_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_MAX_NAME_CHARS = 253
"""A name of 255 bytes on the wire has a length byte before each label, and the root's at the end."""
_MAX_LABEL_CHARS = 63
_HOST_PATTERN = re.compile(rf"\* | (?:\*\.)? {_HOST_NAME.pattern} | \[[0-9a-f:.]+\]", re.VERBOSE)


def extract_host(url: str) -> str:
    """Host of an http or https URL as browsers read it (WHATWG URL section 4.4); empty for any other text.

    The host is in lower case, an internationalised one in ASCII, an IPv4 address in four decimal numbers, an IPv6
    address in brackets. It has no port and no trailing dot: ``example.com.`` is the same host (RFC 3986 section 3.2.2).
    """
    try:
        parsed = ada_url.URL(url)
    except ValueError:
        return ""
    return str(parsed.hostname).rstrip(".") if parsed.protocol in _WEB_PROTOCOLS else ""


def normalize_host(host: str) -> str:
    """A host in the form of `extract_host`; empty if the text is not one host without port."""
    return "" if _NOT_IN_HOSTS.search(host) else extract_host(f"http://{host}/")


def is_host_listed(host: str, patterns: Sequence[str]) -> bool:
    """Whether a host matches a pattern: exact, ``*.example.com`` for all subdomains, ``*`` for every host.

    Args:
        host: as a WHATWG URL parser returns it: lower case, IDN as ASCII; empty for none. A trailing dot is ignored.
        patterns: in lower case, IDN as ASCII.
    """
    name = host.removesuffix(".")
    return bool(host) and any(
        name.endswith(pattern[1:]) if pattern.startswith("*.") else pattern in {name, "*"} for pattern in patterns
    )


def is_host_name(host: str) -> bool:
    """Whether this is one host name in lower-case ASCII, not a pattern."""
    return _HOST_NAME.fullmatch(host) is not None


def is_domain_name(host: str) -> bool:
    """Whether this is a name that can be in the DNS (RFC 1035 section 2.3.4), with a dot: no address, no bare label."""
    labels = host.split(".")
    is_address = labels[-1].isdigit()  # as a URL it would be an IPv4 address (WHATWG URL section 3.5)
    has_valid_lengths = len(host) <= _MAX_NAME_CHARS and all(len(label) <= _MAX_LABEL_CHARS for label in labels)
    return is_host_name(host) and len(labels) > 1 and has_valid_lengths and not is_address


def check_host_patterns(setting: str, patterns: Sequence[str]) -> None:
    """Refuse patterns that can match no host: a rule would silently never apply.

    Args:
        setting: name of the setting, for the error message.
        patterns: value of the setting.

    Raises:
        SettingsError: a pattern is not a host name in lower-case ASCII, ``*.`` and a host name, ``*``, or ``[::1]``.
    """
    if (host := _find_invalid_pattern(tuple(patterns))) is not None:
        raise SettingsError(f"{setting} has '{host}'", hint=_build_hint(host))


def check_bounded_host_patterns(setting: str, patterns: Sequence[str]) -> None:
    """Refuse ``*`` as well: for lists of hosts that receive data about the reader.

    Args:
        setting: name of the setting, for the error message.
        patterns: value of the setting.

    Raises:
        SettingsError: a pattern is ``*`` or is refused by `check_host_patterns`.
    """
    check_host_patterns(setting, patterns)
    if "*" in patterns:
        raise SettingsError(f"{setting} has '*'", hint="list your own hosts; no other site may receive the click")


@lru_cache(16)  # policies are created for each message, with the same few lists
def _find_invalid_pattern(hosts: tuple[str, ...]) -> str | None:
    return next((host for host in hosts if not _HOST_PATTERN.fullmatch(host)), None)


def _build_hint(host: str) -> str:
    if not host.isascii():
        return "write an internationalised host in its ASCII form, such as xn--bcher-kva.example"
    return "write a host in lower case, such as shop.example.com, or *.example.com for all below it"
