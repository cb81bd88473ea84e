"""Tokens: the paths of tracking URLs.

The last character of a token names its format and its key, so links stay valid when keys rotate. Sealed and campaign
tokens open only with a key of the ring; a short token is a random code that is looked up in the registry.

=========  ==================================  ==============================================================
format     last character                      holds
=========  ==================================  ==============================================================
sealed     ``A`` to ``T``, for key 0 to 19     everything: needs no database
campaign   ``U`` to ``n``, for key 0 to 19     message, recipient, time, link set id
short      ``0`` to ``7``; old: ``o`` to ``7``  a random code; the registry has message and destinations
=========  ==================================  ==============================================================
"""

from clicktrail.tokens.campaign import (
    MAX_LINKS,
    SealedMessage,
    build_token_suffixes,
    open_campaign_token,
    seal_token_prefix,
)
from clicktrail.tokens.damage import Damage, FoundToken, find_tokens, has_changed_case
from clicktrail.tokens.edge_proof import EDGE_PROOF_PATH, NONCE_BYTES, EdgeProof
from clicktrail.tokens.keys import MAX_KEYS, SECRET_BYTES, Key, KeyRing, KeyState, TokenFormat, identify_key
from clicktrail.tokens.landing import LandingClick, LandingTokenSealer
from clicktrail.tokens.sealed import LinkSealer, SealedLink, SealedPayload, open_payload, open_token, seal_token
from clicktrail.tokens.short import (
    MAX_SHORT_LINKS,
    SHORT_CODE_BITS,
    decode_short_token,
    encode_short_token,
    find_longer_positions,
)

__all__ = [
    "EDGE_PROOF_PATH",
    "MAX_KEYS",
    "MAX_LINKS",
    "MAX_SHORT_LINKS",
    "NONCE_BYTES",
    "SECRET_BYTES",
    "SHORT_CODE_BITS",
    "Damage",
    "EdgeProof",
    "FoundToken",
    "Key",
    "KeyRing",
    "KeyState",
    "LandingClick",
    "LandingTokenSealer",
    "LinkSealer",
    "SealedLink",
    "SealedMessage",
    "SealedPayload",
    "TokenFormat",
    "build_token_suffixes",
    "decode_short_token",
    "encode_short_token",
    "find_longer_positions",
    "find_tokens",
    "has_changed_case",
    "identify_key",
    "open_campaign_token",
    "open_payload",
    "open_token",
    "seal_token",
    "seal_token_prefix",
]
