"""A Rich console that prints text as it is."""

from typing import Any

from rich.console import Console
from rich.text import Text

from clicktrail.cli.terminal import escape_control_characters


class DataConsole(Console):
    """Reads no markup and no emoji codes, and escapes control characters: in lines, titles and table cells alike."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Convert a string to text. Rich calls this for every string that it prints."""
        plain = options | {"markup": False, "emoji": False, "highlight": False}
        return super().render_str(escape_control_characters(text), **plain)
