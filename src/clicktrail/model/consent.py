"""Tracking consent of recipients."""

from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec.structs import force_setattr

from clicktrail.model.supported_time import clamp_time


class Consent(StrEnum):
    """Tracking consent of one recipient."""

    GRANTED = "granted"
    DENIED = "denied"
    UNKNOWN = "unknown"


class ConsentRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Latest consent of one recipient.

    Attributes:
        recipient: address or opaque id, or its keyed hash.
        at: aware.
    """

    recipient: str
    consent: Consent
    at: datetime

    def __post_init__(self) -> None:
        """Clamp the time: one record out of range must not make all others unreadable."""
        force_setattr(self, "at", clamp_time(self.at))


class UnknownConsentAction(StrEnum):
    """What to do with the links of a recipient whose consent is unknown."""

    TRACK = "track"
    ANONYMOUS = "anonymous"
    """Track the links without naming the recipient."""

    OFF = "off"
