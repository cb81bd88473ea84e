"""Say what a link of an HTML body looks like and what it says: heuristics of docs/reference/links.md."""

import html
import re
from collections.abc import Mapping

from clicktrail.model.link import Element
from clicktrail.rewrite.charrefs import decode

__all__ = ["content_end", "describe"]

_LOOKED_AT = 2_000
"""Characters behind a tag in which its content is looked for: a button's markup has some hundred."""
_LONGEST = 100

_FLAGS = re.ASCII | re.IGNORECASE
_END = re.compile(r"</(?:a|v:[a-z]++)[\s>]|<a[\s>]", _FLAGS)
# What is never closed runs to the end.
_MARKUP = re.compile(r"<!--(?:[^-]++|-(?!->))*+(?:-->)?|<[^>]*+>?")
_ALTERNATIVE = re.compile(r"""<img\b[^>]*?\salt\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>"']++))""", _FLAGS)
_IMAGE = re.compile(r"<img\b", _FLAGS)
_BUTTON_CLASS = re.compile(r"btn|button|\bcta\b", _FLAGS)
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u034f\u200b\u200c\u200d\u2060\ufeff"))


def content_end(html: str, at: int, limit: int) -> int:
    """Where the content of a link's element ends: at its end tag, at the next link, or where one looks no further.

    Args:
        html: the document.
        at: where the content begins.
        limit: where the document, or the conditional comment around it, ends.
    """
    stop = html.find("<", at, limit)
    if html.startswith(("</a", "</A"), stop):
        return stop
    last = min(limit, at + _LOOKED_AT)
    closing = _END.search(html, at, last)
    return closing.start() if closing else last


def describe(tag: str, attributes: Mapping[str, str], content: str) -> tuple[Element, str]:
    """What a link looks like, and its label.

    Args:
        tag: the link's tag name, lower case.
        attributes: of its tag, values as written.
        content: of its element.
    """
    if tag == "area":
        content = ""
    text = _plain(_MARKUP.sub(" ", content) if "<" in content else content)
    image = "" if text or "<" not in content else content
    if tag == "area" or (image and _IMAGE.search(image)):
        element = Element.IMAGE
    else:
        element = Element.BUTTON if _is_button(tag, attributes) else Element.TEXT
    label = attributes.get("data-clicktrail-label") or ""
    return element, _plain(label) or text or _alternative(attributes if tag == "area" else {}, image)


def _plain(text: str) -> str:
    """Text with its references decoded, by the rules for text, white space collapsed; bounded."""
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = text.translate(_INVISIBLE)
    return " ".join(text.split())[:_LONGEST].rstrip()


def _alternative(attributes: Mapping[str, str], image: str) -> str:
    if "alt" in attributes:
        return _plain(decode(attributes["alt"]))
    found = _ALTERNATIVE.search(image)
    return _plain(found[1] or found[2] or found[3] or "") if found else ""


def _is_button(tag: str, attributes: Mapping[str, str]) -> bool:
    if tag.startswith("v:") or attributes.get("role") == "button":
        return True
    if "class" in attributes and _BUTTON_CLASS.search(attributes["class"]):
        return True
    style = attributes.get("style", "")
    return "background" in style and ("padding" in style or "inline-block" in style)
