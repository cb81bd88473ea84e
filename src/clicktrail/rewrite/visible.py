"""Look at links whose text is itself a URL: one that shows an address and leads by another looks like phishing."""

import re
from collections.abc import Iterable

__all__ = ["shares_domain", "visible_host"]

_URL = re.compile(
    r"(?:https?://)?(?P<host>(?:[\w-]+\.)+[a-z]{2,})(?::\d+)?(?:[/?#]\S*)?|https?://(?P<other>[^\s/?#:]+)\S*",
    re.IGNORECASE,
)
_SHORTEST_NAME = 4


def visible_host(label: str) -> str:
    """The host of the URL that a link's text is, lower case; empty if the text is none."""
    if "." not in label:
        return ""
    found = _URL.fullmatch(label)
    return (found["host"] or found["other"]).lower() if found else ""


def shares_domain(host: str, tracking_domains: Iterable[str]) -> bool:
    """Whether a tracking domain is the shown host's, or one beside or below it.

    A tracking domain is a name below its sender's own: what is left without its first label is the sender's. Two short
    labels, such as ``co.uk``, are nobody's own.
    """
    for domain in tracking_domains:
        name = domain.partition(":")[0]
        parent = name.partition(".")[2]
        first, dot, last = parent.partition(".")
        owned = dot and ("." in last or len(first) >= _SHORTEST_NAME)
        if host == name or (owned and (host == parent or host.endswith(f".{parent}"))):
            return True
    return False
