"""Whether a recipient has agreed to being tracked."""

from enum import StrEnum

__all__ = ["Consent", "UnknownConsent"]


class Consent(StrEnum):
    """What a recipient has said."""

    GRANTED = "granted"
    DENIED = "denied"
    UNKNOWN = "unknown"


class UnknownConsent(StrEnum):
    """What a sender does for recipients who have not been asked."""

    TRACK = "track"
    ANONYMOUS = "anonymous"
    """Links are tracked, and do not say whose they are."""

    OFF = "off"
