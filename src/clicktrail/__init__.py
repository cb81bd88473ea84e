"""Email click tracking you host yourself.

The names below are the library, for programs that send their own mail::

    tracker = Tracker(ring=load_key_ring(Path("keys.json")), domain="https://links.example.com")
    raw = tracker.rewrite_message(raw, MessageMetadata(message_id="m1", sent_at=now)).raw

Each name is imported on first use: ``import clicktrail`` alone, and the command line, start without the library.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clicktrail.errors import ClicktrailError
    from clicktrail.keyring_file import load as load_key_ring
    from clicktrail.model.consent import Consent
    from clicktrail.model.link import Link, LinkReason
    from clicktrail.rewrite import Policy, RewriteResult, RewrittenBody, SkipReason
    from clicktrail.tokens import KeyRing, SealedLink, open_token
    from clicktrail.tracking import MessageMetadata, Tracker
    from clicktrail.utm import Convention

__all__ = [
    "ClicktrailError",
    "Consent",
    "Convention",
    "KeyRing",
    "Link",
    "LinkReason",
    "MessageMetadata",
    "Policy",
    "RewriteResult",
    "RewrittenBody",
    "SealedLink",
    "SkipReason",
    "Tracker",
    "load_key_ring",
    "open_token",
]

_MODULES = {
    "ClicktrailError": "clicktrail.errors",
    "Consent": "clicktrail.model.consent",
    "Convention": "clicktrail.utm",
    "KeyRing": "clicktrail.tokens",
    "Link": "clicktrail.model.link",
    "LinkReason": "clicktrail.model.link",
    "MessageMetadata": "clicktrail.tracking",
    "Policy": "clicktrail.rewrite",
    "RewriteResult": "clicktrail.rewrite",
    "RewrittenBody": "clicktrail.rewrite",
    "SealedLink": "clicktrail.tokens",
    "SkipReason": "clicktrail.rewrite",
    "Tracker": "clicktrail.tracking",
    "load_key_ring": "clicktrail.keyring_file",
    "open_token": "clicktrail.tokens",
}
_NAMES_IN_MODULES = {"load_key_ring": "load"}
"""Names that differ from the name inside their module."""


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name]), _NAMES_IN_MODULES.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(globals().keys() | _MODULES.keys())
