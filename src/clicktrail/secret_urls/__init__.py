"""URLs that carry a secret or a signature: they are never tracked, and get no UTM parameters.

A secret grants access to its bearer, as in a link that resets a password (W3C TAG, Good Practices for Capability URLs).
A signature breaks if a parameter is added. How they are found:

1. `rules` has names, words and shapes with their sources, from data/rules.toml. One RE2 pattern of their signs rules
   out most URLs with a single search.
2. `url_parts` splits a URL and decodes its parts, the fragment included.
3. `values` distinguishes random values from words.
4. `detector` combines them. Some evidence is enough by itself: a value that has the shape of a signature, a parameter
   such as ``reset_token``, a path such as ``/reset-password``. A random value is not, because every newsletter has ids.
   It counts together with its name (``key``), an action in the path (``confirm``), a person, or an expiry.
"""

from clicktrail.secret_urls.detector import find_secret, load_detector
from clicktrail.secret_urls.rules import load_rules

__all__ = ["find_secret", "load_detector", "load_rules"]
