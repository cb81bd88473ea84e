"""All exceptions that this package raises.

::

    ClicktrailError
    ├── TokenError              a path that is no valid token
    │   ├── TokenMalformedError     does not look like a token
    │   └── TokenForgedError        looks like a token, but no key of the ring sealed it
    ├── EventError              a line that is no event
    ├── KeyRingError            the key ring cannot be used
    ├── SettingsError           a setting or configuration file cannot be used
    ├── UtmError                the UTM convention refuses a link
    ├── TooManyLinksError       a campaign or template has more links than are tracked
    ├── RelayError              the next hop refused a message
    └── StorageError            journal, registry or analytics cannot be written or read

Each class has a stable ``code``, which appears in logs and machine-readable output. ``docs/reference/errors.md``
explains every code.
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
    "TooManyLinksError",
    "UtmError",
]


_TRANSIENT_REPLY_CODES = range(400, 500)


class ClicktrailError(Exception):
    """Base class of all errors that this package raises.

    Attributes:
        code: a slug that never changes, for machines.
        retryable: whether the same call may succeed later without any change.
        hint: what to do about it; may be empty.
    """

    code: ClassVar[str] = "error"
    retryable: bool = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class TokenError(ClicktrailError):
    """The path of a request is no valid token. It never redirects."""

    code = "token-invalid"


class TokenMalformedError(TokenError):
    """The path does not look like a token: it belongs to another program, or was cut off."""

    code = "token-malformed"


class TokenForgedError(TokenError):
    """The path looks like a token, but no key of the ring sealed it: it was damaged or guessed, or the key is lost."""

    code = "token-forged"


class EventError(ClicktrailError):
    """A line is no event of ``docs/reference/events.md``."""

    code = "event-invalid"


class KeyRingError(ClicktrailError):
    """The key ring is missing, unreadable or accessible to other users. No link can be sealed or opened."""

    code = "key-ring"


class SettingsError(ClicktrailError):
    """A setting or a configuration file has an unknown or missing key, or a value that cannot be used."""

    code = "settings"


class UtmError(ClicktrailError):
    """A link has UTM parameters already, and the UTM convention refuses such links."""

    code = "utm-refused"


class TooManyLinksError(ClicktrailError):
    """A campaign or template has more links than are tracked."""

    code = "too-many-links"


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
    """Journal, registry or analytics cannot currently be written or read."""

    code = "storage"
    retryable = True
