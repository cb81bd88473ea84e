"""A link found in a message, and what became of it."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Link", "LinkReason", "Part"]


class Part(StrEnum):
    """The kind of body a link stands in."""

    HTML = "html"
    TEXT = "text"


class LinkReason(StrEnum):
    """Why a link is tracked, or is not. docs/reference/reason-codes.md explains each."""

    TRACKED = "tracked"
    NOT_WEB = "not-web"
    RELATIVE = "relative"
    MERGE_TAG = "merge-tag"
    OPT_OUT = "opt-out"
    ALREADY_TRACKED = "already-tracked"
    UNSUBSCRIBE = "unsubscribe"
    CREDENTIALS = "credentials"
    TOO_LONG = "too-long"
    CHARSET = "charset"
    INVALID = "invalid-url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One URL at one place of a message.

    Attributes:
        body: the number of the body it stands in, among those of its message, from 0.
        part: the kind of that body.
        start: where its text begins in the decoded body, characters.
        end: where it ends.
        href: the text at the span with its character references decoded.
        reason: why it is tracked or not.
        position: its number among the message's tracked links, from 0; None if untracked.
        destination: where a click leads: href plus UTM parameters; empty if untracked.
        url: the tracking URL that took its place; empty if untracked.
    """

    body: int = 0
    part: Part
    start: int
    end: int
    href: str
    reason: LinkReason
    position: int | None = None
    destination: str = ""
    url: str = ""

    @property
    def tracked(self) -> bool:
        """Whether the link was replaced."""
        return self.reason is LinkReason.TRACKED
