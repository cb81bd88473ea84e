"""A link found in a message, and whether it is tracked."""

from enum import StrEnum

import msgspec


class BodyType(StrEnum):
    """Type of a message body."""

    HTML = "html"
    TEXT = "text"


class Location(StrEnum):
    """Where in the body a link is. docs/reference/links.md describes how this is found."""

    HEADER = "header"
    BODY = "body"
    FOOTER = "footer"


class Element(StrEnum):
    """What a link looks like. docs/reference/links.md describes how this is found."""

    BUTTON = "button"
    IMAGE = "image"
    TEXT = "text"


class Preset(StrEnum):
    """Names of ready-made policies. docs/reference/reason-codes.md lists what each leaves untracked."""

    STANDARD = "standard"
    CONVERSION_LINKS_ONLY = "conversion-links-only"
    ALL = "all"


class LinkReason(StrEnum):
    """Why a link is or is not tracked. docs/reference/reason-codes.md explains each."""

    TRACKED = "tracked"
    NOT_WEB = "not-web"
    RELATIVE = "relative"
    MERGE_TAG = "merge-tag"
    OPT_OUT = "opt-out"
    QUOTED = "quoted"
    SIGNATURE = "signature"
    CODE = "code"
    ACTION = "action"
    EMBEDDED = "embedded"
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
    NO_CONSENT = "consent"
    CREDENTIALS = "credentials"
    TOO_LONG = "too-long"
    CHARSET = "charset"
    INVALID = "invalid-url"


class LinkWarning(StrEnum):
    """A likely mistake in a link. docs/reference/reason-codes.md explains each."""

    VISIBLE_URL = "visible-url"
    DOUBLE_ENCODED = "double-encoded"


# Created twice for each link; a dataclass takes ten times as long.
class Link(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One URL in one place of a message.

    Attributes:
        index: number of the link among all links of the message, from 0 in order of bodies; alternates, such as a
            button for Outlook and the same button for others, share one.
        body_index: number of the body among the bodies of the message, from 0.
        start: offset of the link's text in the decoded body, characters.
        end: offset of its end.
        href: the text between start and end, with character references decoded and soft line breaks removed.
        detail: what the reason is based on, such as the opt-out attribute or the name of the ESP; may be empty.
        warnings: likely mistakes, for tracked and untracked links.
        position: number of the link among the tracked links of the message, from 0; None if not tracked.
        destination: where a click leads: href with UTM parameters. Empty if not tracked, except for missing consent.
        replacement: text that replaced the link: the tracking URL, or the destination for missing consent, quoted as
            the body requires. Empty if the link was not changed.
        label: ``data-clicktrail-label``, else the link's text, else the alternative text of its image; at most 100
            characters, white space collapsed. Empty in plain text.
        group: ``data-clicktrail-group``: reports count the links of a group as one. In plain text, the group of the
            same link in HTML. Empty if none.
        is_trap: ``data-clicktrail="trap"``: hidden from people, so that programs which follow it give themselves away.
        line: line of the body where the link begins, from 1.
        visible_host: host of the destination if it was inserted after the tracking URL; else empty.
        visible_host_offset: offset of the inserted host in the decoded body, characters.
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
    is_trap: bool = False
    line: int = 1
    visible_host: str = ""
    visible_host_offset: int = 0

    @property
    def is_tracked(self) -> bool:
        """Whether the link was replaced by a tracking URL."""
        return self.reason is LinkReason.TRACKED
