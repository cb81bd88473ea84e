"""Rewriting as the tests do it, with tracking URLs that are easily told from everything else."""

from collections.abc import Sequence

from clicktrail.model.link import Link
from clicktrail.rewrite import NumberedLink, Policy
from clicktrail.rewrite.candidate import Candidate

__all__ = ["POLICY", "keep_url", "replace_links", "tracking_url"]

POLICY = Policy(tracking_domains=frozenset({"go.example.com"}))


def tracking_url(placed: NumberedLink) -> str:
    """A URL that names its position, about as long as a sealed one."""
    return f"https://go.example.com/p{placed.position}of{placed.link_count}{'x' * 100}"


def keep_url(candidate: Candidate) -> str:
    """No UTM parameters."""
    return candidate.url


def replace_links(body: str, links: Sequence[Link]) -> str:
    """A body with its tracked links replaced by hand, from the last to the first."""
    for link in reversed(links):
        if link.replacement:
            body = body[: link.start] + link.replacement + body[link.end :]
    return body
