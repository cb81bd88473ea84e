"""Rewriting as the tests do it: tracking URLs that can be told from everything else, and put back."""

import re
from collections.abc import Mapping

from clicktrail.model.link import Link
from clicktrail.rewrite import Placed, Policy

__all__ = ["POLICY", "destinations", "restored", "tracking_url", "untagged"]

POLICY = Policy(tracking_domains=frozenset({"go.example.com"}))
_TRACKING_URL = re.compile(r"https://go\.example\.com/p(\d+)of\d+x+")


def tracking_url(placed: Placed) -> str:
    """A URL that names its position, about as long as a sealed one."""
    return f"https://go.example.com/p{placed.position}of{placed.links}{'x' * 100}"


def untagged(url: str) -> str:
    """No UTM parameters."""
    return url


def destinations(links: tuple[Link, ...]) -> dict[int, str]:
    """Where each position leads."""
    return {link.position: link.destination for link in links if link.position is not None}


def restored(text: str, originals: Mapping[int, list[str]]) -> str:
    """A rewritten body with what stood there before, by position and in order of its occurrence."""
    seen = {position: iter(texts) for position, texts in originals.items()}
    return _TRACKING_URL.sub(lambda found: next(seen[int(found[1])]), text)
