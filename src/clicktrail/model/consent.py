"""Whether a recipient has agreed to being tracked."""

from datetime import datetime
from enum import StrEnum

import msgspec

__all__ = ["Consent", "ConsentRecord", "UnknownConsentAction"]


class Consent(StrEnum):
    """What a recipient has said."""

    GRANTED = "granted"
    DENIED = "denied"
    UNKNOWN = "unknown"


class ConsentRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What one recipient has said last.

    Attributes:
        recipient: address or opaque id, or the mark that stands for it.
        consent: what it was.
        at: when, aware.
    """

    recipient: str
    consent: Consent
    at: datetime


class UnknownConsentAction(StrEnum):
    """What a sender does for recipients who have not been asked."""

    TRACK = "track"
    ANONYMOUS = "anonymous"
    """Links are tracked, and do not say whose they are."""

    OFF = "off"
