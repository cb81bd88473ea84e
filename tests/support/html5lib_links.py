"""Links as html5lib finds them: its tokenizer, in the states that its parser drives it to."""

import re
from collections.abc import Iterator
from typing import Any

import html5lib
from html5lib._tokenizer import HTMLTokenizer
from html5lib.constants import tokenTypes

__all__ = ["hrefs"]

_CONDITION = re.compile(r"\[if\b[^\]>]*\]>", re.ASCII | re.IGNORECASE)
_LINKED = re.compile(r"a|area")
_LINKED_OR_VML = re.compile(r"a|area|v:[a-z]+")


class _Tokenizer(HTMLTokenizer):
    """A tokenizer that keeps the start tags and comments which it hands to its parser."""

    def __init__(self, parser: "_Parser") -> None:
        super().__init__(parser.source, parser=parser)
        self.kept = parser.kept

    def __iter__(self) -> Iterator[Any]:
        token: Any
        for token in super().__iter__():
            if token["type"] == tokenTypes["StartTag"]:
                self.kept.append((token["name"], dict(token["data"])))
            elif token["type"] == tokenTypes["Comment"]:
                self.kept.append(("", token["data"]))
            yield token


class _Parser(html5lib.HTMLParser):
    """A parser that drives that tokenizer."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.kept: list[tuple[str, Any]] = []

    def mainLoop(self) -> None:
        self.tokenizer = _Tokenizer(self)
        super().mainLoop()


def hrefs(html: str, *, linked: re.Pattern[str] = _LINKED) -> list[str]:
    """The decoded hrefs of ``a`` and ``area``, and of VML in conditional comments, read as the markup they hold."""
    parser = _Parser(html)
    parser.parse(html)
    found: list[str] = []
    for name, data in parser.kept:
        if name and linked.fullmatch(name) and "href" in data:
            found.append(data["href"])
        elif not name and (condition := _CONDITION.match(data)):
            found += hrefs(data[condition.end() :], linked=_LINKED_OR_VML)
    return found
