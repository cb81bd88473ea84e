"""Email click tracking you host yourself.

What is named here is the library for programs that send their mail themselves::

    tracker = Tracker(ring=load_key_ring(Path("keys.json")), domain="https://links.example.com")
    raw = tracker.rewrite_message(raw, Sending(message_id="m1", sent_at=now)).raw
"""

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
