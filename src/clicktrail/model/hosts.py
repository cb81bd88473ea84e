"""Lists of hosts, as policies, conventions and settings give them."""

import re
from collections.abc import Sequence
from functools import lru_cache

from clicktrail.errors import SettingsError

__all__ = ["check_hosts", "check_named_hosts", "is_among", "is_name"]

_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_LISTED = re.compile(rf"\* | (?:\*\.)? {_NAME.pattern} | \[[0-9a-f:.]+\]", re.VERBOSE)


def is_among(host: str, hosts: Sequence[str]) -> bool:
    """Whether a host is one of those listed: exact, ``*.example.com`` for all below, ``*`` for every host.

    Args:
        host: as a URL parser gives it: lower case, IDN in its ASCII form; empty for none. A dot at its end does not
            count: it is the same host.
        hosts: spelled the same way.
    """
    name = host.removesuffix(".")
    return bool(host) and any(
        name.endswith(listed[1:]) if listed.startswith("*.") else listed in {name, "*"} for listed in hosts
    )


def is_name(host: str) -> bool:
    """Whether this is the name of one host, spelled as `is_among` wants it."""
    return _NAME.fullmatch(host) is not None


def check_hosts(name: str, hosts: Sequence[str]) -> None:
    """Refuse what would match no host: in silence it would switch something off, or on.

    Args:
        name: what the list is called where its author has written it.
        hosts: the list.

    Raises:
        SettingsError: one of them is no host as a URL parser gives it, and no pattern of hosts.
    """
    if (host := _unknown(tuple(hosts))) is not None:
        raise SettingsError(f"{name} has '{host}'", hint=_hint(host))


def check_named_hosts(name: str, hosts: Sequence[str]) -> None:
    """Refuse ``*`` as well, in a list of hosts that are handed what nobody else is.

    Args:
        name: what the list is called where its author has written it.
        hosts: the list.

    Raises:
        SettingsError: every host is among them, or `check_hosts` refuses one.
    """
    check_hosts(name, hosts)
    if "*" in hosts:
        raise SettingsError(f"{name} has '*'", hint="list your own hosts: no other is to be handed the click")


@lru_cache(16)  # a policy, with its lists, is made anew for each message
def _unknown(hosts: tuple[str, ...]) -> str | None:
    return next((host for host in hosts if not _LISTED.fullmatch(host)), None)


def _hint(host: str) -> str:
    if not host.isascii():
        return "write an internationalised host in its ASCII form, such as xn--bcher-kva.example"
    return "write a host in lower case, such as shop.example.com, or *.example.com for all below it"
