"""Rewriting with tracking URLs that show their position."""

from collections.abc import Callable, Sequence

from clicktrail.model.link import Link
from clicktrail.rewrite import LinkRewriter, NumberedLink, Policy
from clicktrail.rewrite.candidate import Candidate

POLICY = Policy(tracking_domains=frozenset({"go.example.com"}))


def tracking_url(link: NumberedLink) -> str:
    """A tracking URL that shows the position, about as long as a sealed one."""
    return f"https://go.example.com/p{link.position}of{link.link_count}{'x' * 100}"


def keep_url(candidate: Candidate) -> str:
    """Add no UTM parameters."""
    return candidate.url


def build_rewriter(
    policy: Policy = POLICY,
    *,
    tag_url: Callable[[Candidate], str] = keep_url,
    make_tracking_url: Callable[[NumberedLink], str] = tracking_url,
) -> LinkRewriter:
    return LinkRewriter(policy=policy, make_url_tagger=lambda: tag_url, make_tracking_url=make_tracking_url)


REWRITER = build_rewriter()


def replace_links(body: str, links: Sequence[Link]) -> str:
    """Replace the tracked links of a body, from the last to the first."""
    for link in reversed(links):
        if link.replacement:
            body = body[: link.start] + link.replacement + body[link.end :]
    return body
