"""Build HTML in which every text is escaped.

Names, URLs and addresses come from other people's mail. A string becomes text, with control characters as visible
escapes; only what `element` returns is markup.
"""

import html

from clicktrail.cli.terminal import escape_control_characters


class Html(str):
    """Markup."""

    __slots__ = ()


def element(name: str, *children: str, **attributes: str | float) -> Html:
    """An element with its children: strings are escaped, `Html` is not.

    Attributes are named with underscores, such as ``class_`` and ``data_label``. Empty ones are left out.
    """
    tags = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_escape(str(value))}"'
        for key, value in attributes.items()
        if value != ""
    )
    return Html(f"<{name}{tags}>{join(*children)}</{name}>")


def join(*children: str) -> Html:
    """Children without an element around them."""
    return Html("".join(child if isinstance(child, Html) else _escape(child) for child in children))


def _escape(text: str) -> str:
    return html.escape(escape_control_characters(text))
