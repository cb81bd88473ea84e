"""Rewriting as the tests do it, with tracking URLs that are easily told from everything else."""

from collections.abc import Sequence

from clicktrail.model.link import Link
from clicktrail.rewrite import Placed, Policy
from clicktrail.rewrite.candidate import Candidate

__all__ = ["POLICY", "replaced", "tracking_url", "untagged"]

POLICY = Policy(tracking_domains=frozenset({"go.example.com"}))


def tracking_url(placed: Placed) -> str:
    """A URL that names its position, about as long as a sealed one."""
    return f"https://go.example.com/p{placed.position}of{placed.links}{'x' * 100}"


def untagged(candidate: Candidate) -> str:
    """No UTM parameters."""
    return candidate.url


def replaced(body: str, links: Sequence[Link]) -> str:
    """A body with its tracked links replaced by hand, from the last to the first."""
    for link in reversed(links):
        if link.url:
            body = body[: link.start] + link.url + body[link.end :]
    return body
