"""Names of recipients: email addresses, or opaque ids of the sender.

Every name is normalized here, before it is stored, sealed, hashed or compared. Databases compare names byte for byte:
their own lower-casing differs (SQLite and ClickHouse know ASCII only, PostgreSQL uses its locale).
"""

import re
import unicodedata
from collections.abc import Iterable

import ada_url

from clicktrail.percent_encoding import unquote

_NULL_PATH = "<>"
"""No address (RFC 5321 section 4.5.5)."""
_ACE_PREFIX = "xn--"
"""Start of an internationalized domain label in ASCII (RFC 5890 section 2.3.2.1)."""
_MAX_LABEL_CHARS = 63
_ENCODED_AT = "%40"
_TWICE_ENCODED_AT = "%2540"
_ADDRESS = re.compile(r"[^\s/?&=#;,:<>\"'()@]{1,64}@[^\s/?&=#;,:<>\"'()@]{1,255}")
MAX_NAME_CHARS = 1_000
"""An address has up to 254 characters (RFC 5321, erratum 1690). The time of composition (NFC) can be quadratic."""
_QUOTED_ATOM = re.compile(r'^"([^\s"\\@(),:;<>\[\].]+(?:\.[^\s"\\@(),:;<>\[\].]+)*)"(?=@)')
"""A local part that needs no quotes (RFC 5321 section 4.1.2): both forms are one mailbox."""
_FINAL_SIGMA = re.compile(r"(?<=[^\W\d_])\u03c3(?![^\W\d_])")
"""Folding makes both small sigmas one. At the end of a word people write ς, and a segment must be deliverable."""


def normalize_recipient(recipient: str) -> str:
    """Return the name that all spellings of one recipient share.

    ``Mary <MARY@Example.com>`` is ``mary@example.com``: the address without display name, in Unicode's simple case
    folding and composed form (NFC), its domain in Unicode and without a final dot, its local part without needless
    quotes. Simple folding keeps ``straße@`` and ``strasse@`` apart. An opaque id may be case-sensitive: only its white
    space and its Unicode form are normalized. A name is cut off after `MAX_NAME_CHARS`.
    """
    if "@" not in recipient:
        recipient = recipient.strip()[:MAX_NAME_CHARS]
        name = recipient if recipient.isascii() else unicodedata.normalize("NFC", recipient)
        return name.strip().removeprefix(_NULL_PATH)
    address = (_extract_address(recipient) if "<" in recipient else recipient.strip())[:MAX_NAME_CHARS].rstrip(".")
    if address.startswith('"'):
        address = _QUOTED_ATOM.sub(r"\1", address)
    folded = address.lower() if address.isascii() else _fold_case(address)
    return _decode_domain(folded) if _ACE_PREFIX in folded else folded


def unique_recipients(recipients: Iterable[str]) -> tuple[str, ...]:
    """Return the normalized names without repetition and without the empty one, in order."""
    return tuple(dict.fromkeys(name for name in map(normalize_recipient, recipients) if name))


def find_addresses(url: str) -> set[str]:
    """Return the email addresses in a URL, also percent-encoded once or twice."""
    if "@" not in url and _ENCODED_AT not in url and _TWICE_ENCODED_AT not in url:
        return set()
    once = unquote(url)
    return {normalize_recipient(address) for text in (url, once, unquote(once)) for address in _ADDRESS.findall(text)}


def _extract_address(mailbox: str) -> str:
    """The address between the last angle brackets, if there is one (RFC 5322 section 3.4)."""
    _, _, rest = mailbox.rpartition("<")
    address, bracket, _ = rest.partition(">")
    return address.strip() if bracket and "@" in address else mailbox.strip()


def _fold_case(address: str) -> str:
    composed = unicodedata.normalize("NFC", address)
    folded = unicodedata.normalize("NFC", "".join(map(fold_character, composed)))
    return _FINAL_SIGMA.sub("ς", folded)


def fold_character(character: str) -> str:
    """Fold the case of one character to one character (Unicode's CaseFolding.txt, status C and S)."""
    folded = character.casefold()
    return folded if len(folded) == 1 else character.lower()


def _decode_domain(address: str) -> str:
    local_part, at, domain = address.rpartition("@")
    labels = (_decode_label(label) if label.startswith(_ACE_PREFIX) else label for label in domain.split("."))
    return local_part + at + ".".join(labels)


def _decode_label(label: str) -> str:
    if not label.isascii() or len(label) > _MAX_LABEL_CHARS:
        return label
    return _fold_case(str(ada_url.idna.decode(label)))
