"""What a sender changed about links after they were sent."""

from datetime import datetime
from enum import StrEnum

import msgspec

__all__ = ["EditAction", "EditTarget", "LinkEdit"]


class EditAction(StrEnum):
    """What becomes of a link."""

    REDIRECT = "redirect"
    """It leads elsewhere."""

    DISABLE = "disable"
    """It leads nowhere."""

    EXPIRE = "expire"
    """It leads nowhere from a time on."""

    RESTORE = "restore"
    """It is as it was sent."""


class EditTarget(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which links an edit is about: one of a campaign by position, or all that lead to one URL, or to one host.

    Attributes:
        campaign: of the link; it may be empty where position is not -1.
        position: of the link, from 0; -1 where the target is no link of a campaign.
        url: the destination exactly as it was sent; empty if the target is none.
        host: the destination's host; empty if the target is none.
    """

    campaign: str = ""
    position: int = -1
    url: str = ""
    host: str = ""


class LinkEdit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One change. Of several to one target the latest stands; those before it are its history.

    Attributes:
        id: unique among all edits.
        at: when it was made, aware, UTC.
        target: what it is about.
        action: what becomes of it.
        destination: where it leads from now on, an http or https URL; empty unless redirected.
        expires_at: from when on it leads nowhere, aware; None unless it expires.
    """

    id: str
    at: datetime
    target: EditTarget
    action: EditAction
    destination: str = ""
    expires_at: datetime | None = None
