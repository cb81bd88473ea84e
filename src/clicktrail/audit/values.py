"""Read the cells of other programs' tables and the values of their JSON."""

import re
from typing import Final

import msgspec

_NO_VALUES: Final = frozenset({
    *("", "-", "--", "\u2013", "\u2014", "null", "(null)", "<null>", "[null]", "\\n", "nil", "nan", "undefined"),
    *("n/a", "#n/a", "(not set)", "(none)", "(blank)", "[]", "{}"),
})  # fmt: skip
"""Words for nothing, in any field."""
_UNKNOWN_VALUES: Final = frozenset({
    *("n", "f", "na", "none", "unknown", "(unknown)", "<unknown>", "not available", "(not provided)", "anonymous"),
    *("no", "false", "0", "::"),
})  # fmt: skip
"""Words for nothing where a program or an address is expected. A campaign may have one of these names."""
_MAX_NO_VALUE_CHARS: Final = max(map(len, _NO_VALUES))
MAX_UNKNOWN_VALUE_CHARS: Final = max(map(len, _NO_VALUES | _UNKNOWN_VALUES))
"""Longer text is never a word for nothing."""
_FALSE_VALUES: Final = frozenset({"false", "no", "none", "0", "0.0", "n", "f", "off", "human", "unknown"})
_QUOTED_LIST: Final = re.compile(r"\[\s*(['\"]).*\1\s*\]", re.DOTALL)


def read_text(value: object) -> str:
    """Read a value as text without outer blanks; empty for words such as ``NULL`` and ``N/A``.

    A list of one item is that item; several are joined by commas. So is a list written as JSON, or by Python.
    """
    if isinstance(value, str):
        text = value.strip()
        if text[:1] == "[" and _QUOTED_LIST.fullmatch(text):
            return ", ".join(filter(None, map(read_text, _split_quoted_list(text))))
    elif value is None or isinstance(value, dict):
        return ""
    elif isinstance(value, list):
        return ", ".join(filter(None, map(read_text, value)))
    else:
        text = str(value)
    return "" if len(text) <= _MAX_NO_VALUE_CHARS and text.lower() in _NO_VALUES else text


def read_known_text(value: object) -> str:
    """Like `read_text`; also empty for words such as ``unknown`` and ``none``."""
    text = read_text(value)
    return "" if len(text) <= MAX_UNKNOWN_VALUE_CHARS and text.lower() in _UNKNOWN_VALUES else text


def read_flag(value: object) -> bool | None:
    """Read whether something is so; None for no value."""
    text = read_text(value).lower()
    return text not in _FALSE_VALUES if text else None


def _split_quoted_list(text: str) -> list[object]:
    try:
        items: list[object] = msgspec.json.decode(text, type=list[object])
    except (msgspec.DecodeError, RecursionError):
        return [item.strip(" '\"") for item in text[1:-1].split(",")]
    return items
