"""Control characters, which no name has: with a line break, one name is two lines of a log, a header or an export."""

import re

from clicktrail.errors import SettingsError

_CONTROL_CHARACTER = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""Unicode's category Cc, and its line and paragraph separators."""
_WHITESPACE = re.compile("[\t-\r\x85\u2028\u2029]+")


def check_no_control_characters(kind: str, text: str) -> None:
    """Refuse a text with a control character.

    Args:
        kind: what the text is, for the error message.
        text: the text.

    Raises:
        SettingsError: it has one.
    """
    if not text.isprintable() and (found := _CONTROL_CHARACTER.search(text)):
        raise SettingsError(
            f"the {kind} has the control character U+{ord(found[0]):04X}: {text[:100]!a}",
            hint="remove line breaks, tabs and other control characters",
        )


def remove_control_characters(text: str) -> str:
    """Remove control characters; tabs and line breaks become one space."""
    if text.isprintable():
        return text
    return _CONTROL_CHARACTER.sub("", _WHITESPACE.sub(" ", text)).strip()
