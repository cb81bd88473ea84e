r"""Print to the terminal, with control characters escaped and no markup read from data.

Campaign names, URLs and addresses come from other people's mail. Every command prints through this module, which
writes control characters as visible escapes: ``\x1b`` for ESC, ``\u202e`` for a right-to-left override.
"""

import json
import re
import sys
from collections.abc import Callable
from functools import partial

_UNSAFE_CHARACTERS = (
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls (UAX #9)
    "\u2028\u2029"  # line and paragraph separator
    "\ud800-\udfff"  # lone surrogates, which no encoding can print
)
_UNSAFE_IN_TEXT = re.compile(f"[{_UNSAFE_CHARACTERS}]")
_UNSAFE_IN_JSON = re.compile(f"(?!\n)[{_UNSAFE_CHARACTERS}]")
"""A newline outside strings only separates lines; inside strings JSON has escaped it already."""


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


escape_control_characters: Callable[[str], str] = partial(_UNSAFE_IN_TEXT.sub, _escape)
"""Replaces control characters, newlines included, by visible escapes."""


def escape_control_characters_in_json(document: str) -> str:
    """Escape the control characters that JSON allows in strings; a parser reads the same values."""
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", document)


def print_line(text: str = "") -> None:
    """Print one line of a result to standard output."""
    print(escape_control_characters(text))


def print_json(document: object) -> None:
    """Print a Struct, or anything else that msgspec encodes, as JSON to standard output."""
    import msgspec  # slow to import, and --help does not need it

    text = json.dumps(msgspec.to_builtins(document), indent=2, ensure_ascii=False)
    print(escape_control_characters_in_json(text), flush=True)


def print_message(text: str) -> None:
    """Print one line to standard error, after ``clicktrail:``."""
    print(f"clicktrail: {escape_control_characters(text)}", file=sys.stderr)


def print_warning(text: str) -> None:
    """Print a warning to standard error."""
    print_message(f"warning: {text}")


def print_error(text: str, *, hint: str = "") -> None:
    """Print an error and, if there is one, its hint to standard error."""
    print_message(f"error: {text}")
    if hint:
        print_message(f"hint: {hint}")
