"""Split JSON text into its objects, without holding the whole text in memory.

Objects may be on one line each, behind one another without a separator, in arrays, or over many lines.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

_TOKEN: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|["{}]', re.DOTALL)
_SEVERAL: Final = re.compile(r"\}[\s,]*\{")
"""In a line with several objects; also within an object with several objects."""
_BETWEEN_OBJECTS: Final = " \t\r\n,[]\x1e"
"""Arrays are read like lines. RFC 7464 begins each text with U+001E."""


class JsonSplitter:
    """Splits text, given line by line, into objects and what is between them.

    A line without an end may be cut anywhere, and continues in the next one.
    """

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._cut_string = ""
        self._depth = 0
        self._first_line = 0

    @property
    def is_in_cut_string(self) -> bool:
        """Whether the last line was cut within a string."""
        return bool(self._cut_string)

    def split(self, line: str, number: int) -> Iterator[tuple[int, str]]:
        """Yield the objects that end in this line, each with the number of the line in which it begins.

        Text outside objects, other than separators, is yielded as well.
        """
        begin = 0
        line, self._cut_string = self._cut_string + line, ""
        for token in _TOKEN.finditer(line):
            character = token[0]
            if character == '"' and not line.endswith(("\n", "\r")):
                line, self._cut_string = line[: token.start()], line[token.start() :]
                break
            if character == "{":
                if not self._depth:
                    if text := line[begin : token.start()].strip(_BETWEEN_OBJECTS):
                        yield number, text
                    begin, self._first_line = token.start(), number
                self._depth += 1
            elif character == "}" and self._depth:
                self._depth -= 1
                if not self._depth:
                    yield self._first_line, "".join((*self._parts, line[begin : token.end()]))
                    self._parts.clear()
                    begin = token.end()
        if self._depth:
            self._parts.append(line[begin:])
        elif text := line[begin:].strip(_BETWEEN_OBJECTS):
            yield number, text

    def end(self) -> Iterator[tuple[int, str]]:
        """Yield the beginning of an object that has no end, and forget it."""
        if self._parts or self._cut_string:
            yield self._first_line, "".join((*self._parts, self._cut_string))
        self._parts.clear()
        self._cut_string = ""
        self._depth = 0


def split_objects(lines: Iterable[str], *, is_one_object_per_line: bool) -> Iterator[tuple[int, str]]:
    """Yield the objects of JSON text with the numbers of the lines in which they begin.

    Damage is contained in its line if every object is on one line, and otherwise extends to the end of the text.
    """
    splitter = JsonSplitter()
    number = 1
    for line in lines:
        if is_one_object_per_line and line.startswith("{") and line.endswith("}\n") and not _SEVERAL.search(line):
            yield number, line.rstrip()  # most lines
            number += 1
            continue
        if line.isspace() and not splitter.is_in_cut_string:
            number += line.endswith(("\n", "\r"))
            continue
        yield from splitter.split(line, number)
        if line.endswith(("\n", "\r")):
            number += 1
            if is_one_object_per_line:
                yield from splitter.end()
    yield from splitter.end()
