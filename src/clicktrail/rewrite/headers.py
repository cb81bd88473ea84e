"""Read a header block (RFC 5322 section 2.2), strictly: what mail programs may read differently is not read at all."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Headers", "Parameterised", "read_headers", "read_parameters"]

_FIELD = re.compile(rb"([!-9;-~]++)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)(?:\n|\Z)")
_BLANK = re.compile(rb"\r?\n|\Z")
_LONE_RETURN = re.compile(rb"\r(?!\n)")
_WHITE_LINE = re.compile(rb"\n[ \t]++\r?\n")

_PARAMETER = re.compile(r';\s*+([^\s=;"]++)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^\s;"]*+))', re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_COMMENT = re.compile(r"\s*+\([^()]*+\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """The fields of a header block.

    Attributes:
        fields: values by name in lower case, in their order; unfolded, bytes read as Latin-1.
        spans: where each of them stands, first and behind the last byte, its line break among them.
        blank: where the empty line begins that ends the block.
        end: where the body begins: behind the empty line.
    """

    fields: Mapping[str, Sequence[str]]
    spans: Mapping[str, Sequence[tuple[int, int]]]
    blank: int
    end: int

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def get(self, name: str) -> str:
        """A field's value, the first where there are several; empty where there is none."""
        return self.fields.get(name, [""])[0]

    def is_ambiguous(self, name: str) -> bool:
        """Whether the field is there several times with different values."""
        return len(set(self.fields.get(name, ()))) > 1


def read_headers(raw: bytes, start: int, end: int) -> Headers | None:
    """The header block at the beginning of a span; None if anything in it is no well-formed field."""
    fields: dict[str, list[str]] = {}
    spans: dict[str, list[tuple[int, int]]] = {}
    at = start
    while field := _FIELD.match(raw, at, end):
        at = field.end()
        value = field[2].replace(b"\r\n", b"").replace(b"\n", b"").decode("latin-1").strip()
        name = field[1].decode("ascii").lower()
        fields.setdefault(name, []).append(value)
        spans.setdefault(name, []).append(field.span())
    blank = _BLANK.match(raw, at, end)
    if blank is None or _LONE_RETURN.search(raw, start, at) or _WHITE_LINE.search(raw, start, at):
        return None
    return Headers(fields=fields, spans=spans, blank=at, end=blank.end())


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameterised:
    """A value such as ``text/html; charset=utf-8``.

    Attributes:
        value: what stands before the parameters, lower case.
        parameters: values by name in lower case, the first of a name only. RFC 2231 continuations are not joined.
    """

    value: str
    parameters: Mapping[str, str]


def read_parameters(field: str) -> Parameterised:
    """Read a Content-Type or Content-Disposition (RFC 2045 section 5.1, RFC 2183 section 2)."""
    parameters: dict[str, str] = {}
    for parameter in _PARAMETER.finditer(field):
        name, quoted, plain = parameter.groups()
        value = plain if quoted is None else _QUOTED_PAIR.sub(r"\1", quoted)
        parameters.setdefault(name.lower(), value)
    return Parameterised(value=_COMMENT.sub("", field.partition(";")[0]).strip().lower(), parameters=parameters)
