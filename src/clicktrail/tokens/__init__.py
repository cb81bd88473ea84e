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

from clicktrail.tokens.campaign import (
    MAX_LINKS,
    SealedMessage,
    build_token_suffixes,
    open_campaign_token,
    seal_token_prefix,
)
from clicktrail.tokens.keys import MAX_KEYS, SECRET_BYTES, Key, KeyRing, KeyState, TokenFormat, identify_key
from clicktrail.tokens.landing import LandingClick, LandingTokenSealer
from clicktrail.tokens.sealed import SealedLink, open_token, seal_token
from clicktrail.tokens.short import MAX_SHORT_LINKS, SHORT_CODE_BITS, decode_short_token, encode_short_token

__all__ = [
    "MAX_KEYS",
    "MAX_LINKS",
    "MAX_SHORT_LINKS",
    "SECRET_BYTES",
    "SHORT_CODE_BITS",
    "Key",
    "KeyRing",
    "KeyState",
    "LandingClick",
    "LandingTokenSealer",
    "SealedLink",
    "SealedMessage",
    "TokenFormat",
    "build_token_suffixes",
    "decode_short_token",
    "encode_short_token",
    "identify_key",
    "open_campaign_token",
    "open_token",
    "seal_token",
    "seal_token_prefix",
]
