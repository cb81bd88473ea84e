"""Every exception this package raises.

::

    ClicktrailError
    ├── TokenError              a path that does not redirect
    │   ├── TokenMalformedError     not of our shape
    │   └── TokenForgedError        of our shape, but not sealed by a key of this ring
    ├── EventError              a line that is no event
    ├── KeyRingError            no key to seal or open with
    ├── SettingsError           a setting that cannot be used
    ├── UtmError                a link that the convention refuses
    ├── RelayError              the next hop did not take a message
    └── StorageError            journal, registry or analytics cannot be written or read

Each class has a stable ``code``, which logs and machine-readable output carry, and says whether trying again can
help. ``docs/reference/errors.md`` explains every code.
"""

from typing import ClassVar

__all__ = [
    "ClicktrailError",
    "EventError",
    "KeyRingError",
    "RelayError",
    "SettingsError",
    "StorageError",
    "TokenError",
    "TokenForgedError",
    "TokenMalformedError",
    "UtmError",
]


_TRANSIENT_REPLY_CODES = range(400, 500)


class ClicktrailError(Exception):
    """Anything that went wrong in a way we foresaw.

    Attributes:
        code: a slug that never changes, for machines.
        retryable: whether the same call may succeed later without anyone changing anything.
        hint: what the reader can do about it; empty where there is nothing to say.
    """

    code: ClassVar[str] = "error"
    retryable: bool = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class TokenError(ClicktrailError):
    """A path that does not name a destination we sealed. It never redirects."""

    code = "token-invalid"


class TokenMalformedError(TokenError):
    """A path that is not of a token's shape: a foreign one, or one cut off on its way."""

    code = "token-malformed"


class TokenForgedError(TokenError):
    """A path of a token's shape that no key of the ring sealed: damaged, guessed, or sealed by a lost key."""

    code = "token-forged"


class EventError(ClicktrailError):
    """A line that is not an event of our vocabulary."""

    code = "event-invalid"


class KeyRingError(ClicktrailError):
    """The key ring is missing, unreadable or open to others; nothing can be sealed or opened."""

    code = "key-ring"


class SettingsError(ClicktrailError):
    """A setting that is unknown, missing or of the wrong kind."""

    code = "settings"


class UtmError(ClicktrailError):
    """A link that has UTM parameters already, and a convention that refuses them."""

    code = "utm-refused"


class RelayError(ClicktrailError):
    """The next hop did not accept a message. Retryable if the reply code is 4xx (RFC 5321 section 4.2.1).

    Attributes:
        reply_code: SMTP reply code of the next hop; 451 if it could not be reached.
        reply_text: text of the reply, to be passed back unchanged.
    """

    code = "relay-refused"

    def __init__(self, message: str, *, reply_code: int, reply_text: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reply_code = reply_code
        self.reply_text = reply_text
        self.retryable = reply_code in _TRANSIENT_REPLY_CODES


class StorageError(ClicktrailError):
    """Journal, registry or analytics cannot be written or read just now."""

    code = "storage"
    retryable = True
