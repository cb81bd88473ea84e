"""Find a recipient in text that other programs wrote: URLs, event lines, messages of errors.

The search is a pattern in the syntax of RE2, which ClickHouse's ``match`` and the package ``google-re2`` both run, in
linear time. It finds an address in any case and Unicode form, and as percent-encoding (once or twice), JSON escapes,
quoted-printable, or base64 of the normalized address. It does not find what cannot be recognised: hashes, encryption,
compression.
"""

import base64
import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import ada_url

from clicktrail.model.recipient import fold_character, normalize_recipient

_ADDRESS_CHARACTERS = r"\p{L}\p{N}._+\-"
_ENCODED_DELIMITER = r"(?:%(?:25)?|=)(?:0[9AD]|2[0-9ACF]|3[A-F]|40|5[B-E]|60|7[B-F])|\\[bfnrt]|\\u00[0-7][0-9A-F]"
_START = rf"(?:^|[^{_ADDRESS_CHARACTERS}%]|{_ENCODED_DELIMITER})"
_END = r"(?:$|[^\p{L}\p{N}._\-]|[._](?:$|[^\p{L}\p{N}]))"
_FINAL_SIGMA = "\u03c2"
_FIRST_NOT_ASCII = 0x80
_BASE64_GROUP = 3
"""Bytes that four characters of base64 encode: an address can begin at any of three places in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientSearch:
    """What to search for to find a recipient.

    Attributes:
        name: the normalized recipient.
        pattern: in RE2's syntax, without a capture group.
        is_address: an opaque id, such as ``42``, can mean other things in text that is not the recipient's own.
    """

    name: str
    pattern: str
    is_address: bool


def build_recipient_search(recipient: str) -> RecipientSearch:
    """Build the search for a recipient."""
    name = normalize_recipient(recipient)
    is_address = "@" in name
    local_part, at, domain = name.rpartition("@")
    domains = "|".join(
        _match_text(spelling, any_case=is_address) for spelling in sorted({domain, _encode_domain(domain)})
    )
    pattern = f"{_START}{_match_text(local_part + at, any_case=is_address)}(?:{domains}){_END}"
    if is_address:
        pattern = "|".join((f"(?i:{pattern})", *_match_base64(name.encode("utf-8", "surrogatepass"))))
    else:
        pattern = f"(?:{pattern})"
    return RecipientSearch(name=name, pattern=pattern, is_address=is_address)


def _encode_domain(domain: str) -> str:
    """The domain in ASCII, or as it is where it has no ASCII form."""
    return domain if domain.isascii() else (ada_url.idna.encode(domain) or domain.encode()).decode()


def _match_text(text: str, *, any_case: bool) -> str:
    return "".join(_match_character(character, any_case=any_case) for character in text)


def _match_character(character: str, *, any_case: bool) -> str:
    # RE2 ignores the case of characters, but not that of their encodings.
    variants = (
        {character, *_characters_by_fold().get(character, ())} if any_case and not character.isascii() else {character}
    )
    spellings = variants | {unicodedata.normalize("NFD", variant) for variant in variants}
    return f"(?:{'|'.join(''.join(map(_spell, spelling)) for spelling in sorted(spellings))})"


def _spell(character: str) -> str:
    """The character as it is, and in each encoding."""
    if character.isascii() and character.isalnum():  # encoders leave these as they are
        return character
    encoded = "".join(f"(?:%(?:25)*|=){byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
    escaped = "".join(rf"\\u{unit:04X}" for unit in _utf_16_units(character))
    return f"(?:{re.escape(character)}|{encoded}|{escaped})"


@cache
def _characters_by_fold() -> Mapping[str, str]:
    """Characters outside ASCII by the one that they fold to."""
    characters: defaultdict[str, str] = defaultdict(str)
    for character in map(chr, range(_FIRST_NOT_ASCII, sys.maxunicode + 1)):
        if (folded := fold_character(character)) != character:
            characters[folded] += character
    characters[_FINAL_SIGMA] += characters[fold_character(_FINAL_SIGMA)] + fold_character(_FINAL_SIGMA)
    return characters


def _utf_16_units(text: str) -> list[int]:
    data = text.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(data[index : index + 2]) for index in range(0, len(data), 2)]


def _match_base64(data: bytes) -> list[str]:
    """One pattern for each place where the data can begin: the characters that depend on nothing before and after."""
    patterns = []
    for skipped in range(_BASE64_GROUP):
        text = base64.b64encode(bytes(skipped) + data).rstrip(b"=").decode()
        first = -(-skipped * 4 // _BASE64_GROUP)
        last = (skipped + len(data)) * 8 // 6
        patterns.append(re.escape(text[first:last]).replace("\\+", "[+-]").replace("/", "(?:[/_]|%2F)"))
    return patterns
