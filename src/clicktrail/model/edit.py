"""Changes to links after they were sent."""

from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec.structs import force_setattr

from clicktrail.model.hosts import normalize_host
from clicktrail.model.supported_time import clamp_time


class EditAction(StrEnum):
    """Kind of change."""

    REDIRECT = "redirect"
    """Redirect to another destination."""

    DISABLE = "disable"
    """Answer 410 Gone."""

    EXPIRE = "expire"
    """Answer 410 Gone from a given time on."""

    RESTORE = "restore"
    """Undo earlier edits."""


class EditTarget(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The links that an edit applies to: a campaign's link by position, or all links to one URL or one host.

    Attributes:
        campaign: the link's campaign; may be empty if position is set.
        position: position of the link, from 0; -1 if the target is a URL or a host.
        url: the exact destination as sent; empty if the target is not a URL.
        host: host of the destination, in any spelling; empty if the target is not a host.
    """

    campaign: str = ""
    position: int = -1
    url: str = ""
    host: str = ""

    @property
    def text(self) -> str:
        """The target as the command line writes it."""
        return self.url or self.host or f"{self.campaign}#{self.position}"

    @property
    def normalized(self) -> "EditTarget":
        """The target with its host as `extract_host` returns it: two spellings of one host are one target."""
        if not self.host:
            return self
        return msgspec.structs.replace(self, host=normalize_host(self.host) or self.host)


class LinkEdit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One change. The latest edit of a target applies.

    Attributes:
        id: unique among all edits.
        at: aware, UTC.
        destination: new http or https URL; empty unless the action is redirect.
        expires_at: aware; None unless the action is expire.
    """

    id: str
    at: datetime
    target: EditTarget
    action: EditAction
    destination: str = ""
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        """Clamp the times: one edit out of range must not make all others unreadable."""
        force_setattr(self, "at", clamp_time(self.at))
        if self.expires_at:
            force_setattr(self, "expires_at", clamp_time(self.expires_at))
