"""The parts of a web URL that policies look at, read once."""

from typing import NamedTuple

import ada_url

__all__ = ["Address", "read_address"]


class Address(NamedTuple):
    """What a WHATWG parser makes of a URL.

    Attributes:
        host: lower case, IDN in its ASCII form, with ``:port`` where it is not the scheme's default.
        hostname: the same without the port.
        path: with its first slash, percent-encoded.
        query: with its question mark; empty if there is none.
        credentials: whether it holds a user name or a password.
    """

    host: str
    hostname: str
    path: str
    query: str
    credentials: bool


def read_address(url: str) -> Address:
    """Parse a URL.

    Raises:
        ValueError: it is none.
    """
    parsed = ada_url.URL(url)
    host = parsed.host
    return Address(
        host=host,
        hostname=parsed.hostname if ":" in host else host,
        path=parsed.pathname,
        query=parsed.search if "?" in url else "",
        credentials="@" in url and bool(parsed.username or parsed.password),
    )
