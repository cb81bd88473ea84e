"""A link found in a message, and what became of it."""

from enum import StrEnum

import msgspec

__all__ = ["BodyType", "Element", "Link", "LinkReason", "LinkWarning", "Location"]


class BodyType(StrEnum):
    """The kind of body a link stands in."""

    HTML = "html"
    TEXT = "text"


class Location(StrEnum):
    """Where in its body a link stands. docs/reference/links.md says how that is told."""

    HEADER = "header"
    BODY = "body"
    FOOTER = "footer"


class Element(StrEnum):
    """What a link looks like. docs/reference/links.md says how that is told."""

    BUTTON = "button"
    IMAGE = "image"
    TEXT = "text"


class LinkReason(StrEnum):
    """Why a link is tracked, or is not. docs/reference/reason-codes.md explains each."""

    TRACKED = "tracked"
    NOT_WEB = "not-web"
    RELATIVE = "relative"
    MERGE_TAG = "merge-tag"
    OPT_OUT = "opt-out"
    ALREADY_TRACKED = "already-tracked"
    WRAPPED = "wrapped"
    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"
    SENSITIVE = "sensitive"
    HOST_DENIED = "host-denied"
    HOST_NOT_ALLOWED = "host-not-allowed"
    PRIVACY = "privacy"
    LEGAL = "legal"
    SOCIAL = "social"
    FOOTER = "footer"
    VISIBLE_URL = "visible-url"
    PLAIN_TEXT = "plain-text"
    CONSENT = "consent"
    CREDENTIALS = "credentials"
    TOO_LONG = "too-long"
    CHARSET = "charset"
    INVALID = "invalid-url"


class LinkWarning(StrEnum):
    """What a sender should look at. docs/reference/reason-codes.md explains each."""

    VISIBLE_URL = "visible-url"
    DOUBLE_ENCODED = "double-encoded"


class Link(msgspec.Struct, frozen=True, kw_only=True):  # made twice for each, in a tenth of a dataclass's time
    """One URL at one place of a message.

    Attributes:
        index: its number among all links of the message, tracked or not, from 0 in the order of the bodies; twins have
            the same.
        body_index: the number of the body it stands in, among those of its message, from 0.
        body_type: the kind of that body.
        start: where its text begins in the decoded body, characters.
        end: where it ends.
        href: the text at the span with its character references decoded, and without soft line breaks.
        reason: why it is tracked or not.
        detail: what the reason rests on, such as the attribute that opts out or the ESP that wrapped it; may be empty.
        warnings: what the sender should look at, tracked or not.
        position: its number among the message's tracked links, from 0; None if untracked.
        destination: where a click leads: href plus UTM parameters; empty if untracked, but for want of consent.
        replacement: what took its place: the tracking URL, or for want of consent the destination in the body's own quoting;
            empty if it stayed.
        location: where in its body it stands.
        element: what it looks like.
        label: what it says: `data-clicktrail-label`, else its text, else its image's alternative text; at most 100
            characters, white space collapsed; empty if it says nothing, and in plain text.
        group: `data-clicktrail-group`, by which reports count personalised destinations as one; in plain text that of
            the HTML link that it is again; empty if none.
        line: the line of its body in which the span begins, from 1.
        visible_host: the destination's host, if it was written beside the tracking URL; empty if not.
        visible_host_offset: where that was, characters of the decoded body.
    """

    index: int = 0
    body_index: int = 0
    body_type: BodyType
    start: int
    end: int
    href: str
    reason: LinkReason
    detail: str = ""
    warnings: tuple[LinkWarning, ...] = ()
    position: int | None = None
    destination: str = ""
    replacement: str = ""
    location: Location = Location.BODY
    element: Element = Element.TEXT
    label: str = ""
    group: str = ""
    line: int = 1
    visible_host: str = ""
    visible_host_offset: int = 0

    @property
    def is_tracked(self) -> bool:
        """Whether the link was replaced by a tracking URL."""
        return self.reason is LinkReason.TRACKED
