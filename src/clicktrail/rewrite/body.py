"""Rewrite one body that is no MIME message: HTML or plain text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clicktrail.model.link import Link, Part
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.placing import Body, Placed, place
from clicktrail.rewrite.policy import Policy
from clicktrail.rewrite.replacing import replacements

__all__ = ["RewrittenBody", "rewrite_html", "rewrite_text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RewrittenBody:
    """A body with tracking URLs.

    Attributes:
        text: the body; every character outside of replaced links is as it was.
        links: all links found, tracked or not, in their order.
    """

    text: str
    links: tuple[Link, ...]


def rewrite_html(
    html: str, *, policy: Policy, tag: Callable[[Candidate], str], tracking_url: Callable[[Placed], str]
) -> RewrittenBody:
    """Replace the links of an HTML document or fragment; see `rewrite_message` for the arguments."""
    return _rewrite(Body(part=Part.HTML, text=html), policy=policy, tag=tag, tracking_url=tracking_url)


def rewrite_text(
    text: str, *, policy: Policy, tag: Callable[[Candidate], str], tracking_url: Callable[[Placed], str]
) -> RewrittenBody:
    """Replace the links of a plain text; see `rewrite_message` for the arguments."""
    return _rewrite(Body(part=Part.TEXT, text=text), policy=policy, tag=tag, tracking_url=tracking_url)


def _rewrite(
    body: Body, *, policy: Policy, tag: Callable[[Candidate], str], tracking_url: Callable[[Placed], str]
) -> RewrittenBody:
    (links,) = place([body], policy=policy, tag=tag, tracking_url=tracking_url)
    return RewrittenBody(text=_splice(body.text, links), links=links)


def _splice(text: str, links: Sequence[Link]) -> str:
    pieces = []
    at = 0
    for replacement in replacements(links):
        pieces += [text[at : replacement.start], replacement.text]
        at = replacement.end
    return "".join([*pieces, text[at:]])
