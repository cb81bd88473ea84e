"""Find personal data in the parameters of a link: analytics stores them with the URL of the page.

Google Analytics forbids addresses and names in URLs (support.google.com/analytics/answer/6366371, 2026-12-01). An id of
a profile, or a digest of an address, is personal data as well: it leads to one person (GDPR, recital 26 and article 4).
"""

import base64
import binascii
import re

from clicktrail.percent_encoding import unquote
from clicktrail.secret_urls.values import is_random
from clicktrail.utm.query import QueryPair
from clicktrail.utm.spelling import UTM_PARAMETERS

_ADDRESS = re.compile(r"(?<=[\w.+%'-])@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?![\w-])", re.IGNORECASE)
_DIGEST = re.compile("|".join(f"[0-9a-f]{{{length}}}" for length in (32, 40, 56, 64, 96, 128)), re.IGNORECASE)
"""MD5, SHA-1 and the SHA-2 family in hexadecimal."""

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_WORD_SEPARATORS = re.compile(r"[\W_]+")
_CAMEL_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PERSON_WORDS = frozenset({"profile", "subscriber", "recipient", "contact", "person", "reader"})
_ID_WORDS = frozenset({"id", "key", "hash", "uuid", "guid", "uid", "eid"})
_PERSON_KEYS = frozenset({"_kx", "mc_eid", "_hsenc", "mkt_tok", "vero_id", "ck_subscriber_id", "sfmc_sub"})
"""Parameters with the id of a profile: Klaviyo, Mailchimp, HubSpot, Marketo, Vero, Kit, Salesforce Marketing Cloud,
in their documentation of link parameters, 2026-12-01."""
_PERSONAL_TAG_WORDS = _PERSON_WORDS | {
    *("email", "mail", "emailaddr", "klaviyoid", "fname", "lname", "phone", "username", "euid", "uniqid"),
}
_PERSONAL_NAMES = ("firstname", "lastname", "fullname", "subscriberkey")
_ACCOUNT_WORDS = frozenset({"customer", "user", "member", "lead", "account", "client"})
_MAX_VALUE_CHARS = 1_000


def describe_personal_data(pair: QueryPair) -> str:
    """Describe the personal data in a parameter; empty if it has none.

    The value of any parameter may hold an address; random values count only in UTM parameters, where nothing else
    needs them, except ``utm_id``, which is the campaign's.
    """
    value = unquote(pair.value[:_MAX_VALUE_CHARS])
    if _ADDRESS.search(value) or _ADDRESS.search(_decode_base64(value)):
        return "an email address"
    if value and (_names_person(pair.key) or (pair.is_utm and _names_person(value))):
        return "the id of a person"
    is_id = _DIGEST.fullmatch(value) or (pair.key.lower() in UTM_PARAMETERS and is_random(value))
    return "a value that looks like the id or the digest of a person" if pair.is_utm and is_id else ""


def is_personal_merge_tag(merge_tag: str) -> bool:
    """Whether the merge tag in a value differs by person, as ``{{ person.email }}`` and ``*|EMAIL|*`` do."""
    words = _split_words(merge_tag)
    if any(name in "".join(words) for name in _PERSONAL_NAMES) or not _PERSONAL_TAG_WORDS.isdisjoint(words):
        return True
    return not _ACCOUNT_WORDS.isdisjoint(words) and not _ID_WORDS.isdisjoint(words)


def _names_person(text: str) -> bool:
    """Whether a text is the name of a person's id, such as ``profile_external_id``."""
    words = _split_words(text)
    has_both = not _PERSON_WORDS.isdisjoint(words) and not _ID_WORDS.isdisjoint(words)
    return has_both or text.lower() in _PERSON_KEYS


def _split_words(text: str) -> list[str]:
    return _WORD_SEPARATORS.split(_CAMEL_CASE.sub("_", text[:_MAX_VALUE_CHARS]).lower())


def _decode_base64(value: str) -> str:
    if not _BASE64.fullmatch(value):
        return ""
    text = value.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, ValueError):
        return ""
