"""Seal what a click needs to know into a tracking URL's path, and open it again.

The path is one token. Its last character names format and key, so that keys rotate and old links live. Only a token
that a key of the ring sealed opens, and nothing else ever redirects.

=========  ==================================  =============================================
format     last character                      holds
=========  ==================================  =============================================
sealed     ``A`` to ``T``, for key 0 to 19     everything: works with every database gone
campaign   ``U`` to ``n``                      reserved
short      ``o`` to ``7``                      reserved
=========  ==================================  =============================================
"""

from clicktrail.tokens.keys import KEYS, SECRET_BYTES, Key, KeyRing, KeyState
from clicktrail.tokens.sealed import Sealed, open_token, seal

__all__ = ["KEYS", "SECRET_BYTES", "Key", "KeyRing", "KeyState", "Sealed", "open_token", "seal"]
