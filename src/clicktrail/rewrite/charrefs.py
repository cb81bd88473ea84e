"""Decode the character references of an attribute's value.

By the rules of WHATWG HTML section 13.2.5.72, "Character reference state", for references in attributes: a named
reference without its semicolon stays as it is when a letter, a digit or ``=`` follows. So ``?a=1&copy=2`` keeps its
``&copy``, where the rules for text, and ``html.unescape``, would read a copyright sign.
"""

import re
from html.entities import html5

__all__ = ["decode"]

_REFERENCE = re.compile(r"&(?:#[xX]0*+([0-9a-fA-F]*+)|#0*+([0-9]*+)|([A-Za-z0-9]++));?")
_MOST_DIGITS = 7
_REPLACEMENT = "\ufffd"
_LAST_CODE_POINT = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)

_WINDOWS_1252 = {
    code: character for code in range(0x80, 0xA0) if (character := bytes([code]).decode("cp1252", errors="ignore"))
}
"""Numbers from 128 to 159 mean the characters of windows-1252, where it has one ("Numeric character reference end")."""


def decode(value: str) -> str:
    """The value that the attribute has: references decoded once, NUL replaced by U+FFFD."""
    if count := value.count("&"):
        plain = count == value.count("&amp;")  # as in most URLs; half of a link's reading is saved
        value = value.replace("&amp;", "&") if plain else _REFERENCE.sub(_decode_one, value)
    return value.replace("\0", _REPLACEMENT)


def _decode_one(reference: re.Match[str]) -> str:
    hexadecimal, decimal, name = reference.groups()
    if name is not None:
        return _decode_named(reference, name)
    digits, base = (decimal, 10) if hexadecimal is None else (hexadecimal, 16)
    if digits:
        return _decode_number(digits, base)
    return _REPLACEMENT if "0" in reference[0] else reference[0]


def _decode_named(reference: re.Match[str], name: str) -> str:
    if reference[0].endswith(";"):
        return html5.get(f"{name};", reference[0])
    followed_by_equals = reference.string.startswith("=", reference.end())
    return reference[0] if followed_by_equals else html5.get(name, reference[0])


def _decode_number(digits: str, base: int) -> str:
    if len(digits) > _MOST_DIGITS:
        return _REPLACEMENT
    code = int(digits, base)
    if code > _LAST_CODE_POINT or code in _SURROGATES:
        return _REPLACEMENT
    return _WINDOWS_1252.get(code) or chr(code)
