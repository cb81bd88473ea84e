"""Tracking consent of recipients."""

from datetime import datetime
from enum import StrEnum

import msgspec


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


class UnknownConsentAction(StrEnum):
    """What to do with the links of a recipient whose consent is unknown."""

    TRACK = "track"
    ANONYMOUS = "anonymous"
    """Track the links without naming the recipient."""

    OFF = "off"
