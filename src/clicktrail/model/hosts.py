"""Lists of hosts, as policies, conventions and settings give them."""

import re
from collections.abc import Sequence
from functools import lru_cache

from clicktrail.errors import SettingsError

__all__ = ["check_bounded_host_patterns", "check_host_patterns", "is_host_listed", "is_host_name"]

_HOST_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_HOST_PATTERN = re.compile(rf"\* | (?:\*\.)? {_HOST_NAME.pattern} | \[[0-9a-f:.]+\]", re.VERBOSE)


def is_host_listed(host: str, patterns: Sequence[str]) -> bool:
    """Whether a host is one of those listed: exact, ``*.example.com`` for all below, ``*`` for every host.

    Args:
        host: as a URL parser gives it: lower case, IDN in its ASCII form; empty for none. A dot at its end does not
            count: it is the same host.
        patterns: spelled the same way.
    """
    name = host.removesuffix(".")
    return bool(host) and any(
        name.endswith(listed[1:]) if listed.startswith("*.") else listed in {name, "*"} for listed in patterns
    )


def is_host_name(host: str) -> bool:
    """Whether this is the name of one host, spelled as `is_host_listed` wants it."""
    return _HOST_NAME.fullmatch(host) is not None


def check_host_patterns(setting: str, patterns: Sequence[str]) -> None:
    """Refuse what would match no host: in silence it would switch something off, or on.

    Args:
        setting: what the list is called where its author has written it.
        patterns: the list.

    Raises:
        SettingsError: one of them is no host as a URL parser gives it, and no pattern of hosts.
    """
    if (host := _find_invalid_pattern(tuple(patterns))) is not None:
        raise SettingsError(f"{setting} has '{host}'", hint=_build_hint(host))


def check_bounded_host_patterns(setting: str, patterns: Sequence[str]) -> None:
    """Refuse ``*`` as well, in a list of hosts that are handed what nobody else is.

    Args:
        setting: what the list is called where its author has written it.
        patterns: the list.

    Raises:
        SettingsError: every host is among them, or `check_host_patterns` refuses one.
    """
    check_host_patterns(setting, patterns)
    if "*" in patterns:
        raise SettingsError(f"{setting} has '*'", hint="list your own hosts: no other is to be handed the click")


@lru_cache(16)  # a policy, with its lists, is made anew for each message
def _find_invalid_pattern(hosts: tuple[str, ...]) -> str | None:
    return next((host for host in hosts if not _HOST_PATTERN.fullmatch(host)), None)


def _build_hint(host: str) -> str:
    if not host.isascii():
        return "write an internationalised host in its ASCII form, such as xn--bcher-kva.example"
    return "write a host in lower case, such as shop.example.com, or *.example.com for all below it"
