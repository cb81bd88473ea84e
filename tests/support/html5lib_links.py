"""Links of an HTML document as html5lib's parser finds them."""

import re
from collections.abc import Iterator
from typing import Any

import html5lib
from html5lib._tokenizer import HTMLTokenizer
from html5lib.constants import tokenTypes

_CONDITIONAL_COMMENT = re.compile(r"\[if\b[^\]>]*\]>", re.ASCII | re.IGNORECASE)
_LINK_ELEMENTS = re.compile(r"a|area")
_LINK_OR_VML_ELEMENTS = re.compile(r"a|area|v:[a-z]+")


class _Tokenizer(HTMLTokenizer):
    """Records start tags and comments."""

    def __init__(self, parser: "_Parser") -> None:
        super().__init__(parser.source, parser=parser)
        self.recorded_tokens = parser.recorded_tokens

    def __iter__(self) -> Iterator[Any]:
        token: Any
        for token in super().__iter__():
            if token["type"] == tokenTypes["StartTag"]:
                self.recorded_tokens.append((token["name"], dict(token["data"])))
            elif token["type"] == tokenTypes["Comment"]:
                self.recorded_tokens.append(("", token["data"]))
            yield token


class _Parser(html5lib.HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.recorded_tokens: list[tuple[str, Any]] = []

    def mainLoop(self) -> None:
        self.tokenizer = _Tokenizer(self)
        super().mainLoop()


def find_hrefs(html: str, *, elements: re.Pattern[str] = _LINK_ELEMENTS) -> list[str]:
    """Decoded hrefs of ``a`` and ``area`` elements, and of links and VML elements in conditional comments."""
    parser = _Parser(html)
    parser.parse(html)
    hrefs: list[str] = []
    for name, data in parser.recorded_tokens:
        if name and elements.fullmatch(name) and "href" in data:
            hrefs.append(data["href"])
        elif not name and (condition := _CONDITIONAL_COMMENT.match(data)):
            hrefs += find_hrefs(data[condition.end() :], elements=_LINK_OR_VML_ELEMENTS)
    return hrefs
