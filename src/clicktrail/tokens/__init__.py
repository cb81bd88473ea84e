"""Seal what a click needs to know into a tracking URL's path, and open it again.

The path is one token. Its last character names format and key, so that keys rotate and old links live. Only a token
that a key of the ring sealed opens; a short one is a random code that the registry knows. Nothing else ever redirects.

=========  ==================================  ==============================================================
format     last character                      holds
=========  ==================================  ==============================================================
sealed     ``A`` to ``T``, for key 0 to 19     everything: works with every database gone
campaign   ``U`` to ``n``, for key 0 to 19     message, recipient, time; the number of a link set
short      ``o`` to ``7``                      a random code, whose message and destinations the registry has
=========  ==================================  ==============================================================
"""

from clicktrail.tokens.campaign import MAX_LINKS, SealedCampaign, ends, open_campaign, seal_campaign
from clicktrail.tokens.keys import KEYS, SECRET_BYTES, Format, Key, KeyRing, KeyState, key_named_by
from clicktrail.tokens.landing import Visit, VisitSeal
from clicktrail.tokens.sealed import Sealed, open_token, seal
from clicktrail.tokens.short import CODE_BITS, MAX_SHORT_LINKS, read_short, short_token

__all__ = [
    "CODE_BITS",
    "KEYS",
    "MAX_LINKS",
    "MAX_SHORT_LINKS",
    "SECRET_BYTES",
    "Format",
    "Key",
    "KeyRing",
    "KeyState",
    "Sealed",
    "SealedCampaign",
    "Visit",
    "VisitSeal",
    "ends",
    "key_named_by",
    "open_campaign",
    "open_token",
    "read_short",
    "seal",
    "seal_campaign",
    "short_token",
]
