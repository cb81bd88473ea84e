"""Find the bodies of a message that a reader sees, as byte ranges of the message.

The message is never parsed into a tree and written again: a part is a span of the bytes as they came. Whatever could
be read in two ways, is covered by a signature, or belongs to somebody else's message is passed over, with the reason
where a reader of the report would ask for one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from clicktrail.model.link import Part
from clicktrail.rewrite.text_links import Flow, read_flow

__all__ = ["Headers", "Leaf", "Parameterised", "Untouched", "find_leaves", "read_headers", "read_parameters"]

# FOLDED headers.py: Read a header block (RFC 5322 section 2.2), strictly: what mail programs may read
# differently is not read at all.

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


_PARTS = {"text/html": Part.HTML, "text/plain": Part.TEXT}
_SIGNED = frozenset({"multipart/signed", "application/pkcs7-mime", "application/x-pkcs7-mime"})
_BODY_SIGNATURES = ("dkim-signature", "arc-message-signature")
_OF_MIME = ("mime-version", "content-type", "content-transfer-encoding")
_INLINE_PGP = b"-----BEGIN PGP "
_MBOX_LINE = re.compile(rb"From [^\n]*+\n")  # what a mailbox file puts in front of a message (RFC 4155)
_REST_OF_DELIMITER = re.compile(rb"(?P<last>--)?[ \t]*+(?:\r?\n|\Z)")
_DEEPEST = 20
_MOST_DELIMITERS = 10_000  # lines that begin like a delimiter; a message of as many parts is an attack
_MULTIPART_ENCODINGS = frozenset({"", "7bit", "8bit", "binary"})


class Untouched(StrEnum):
    """Why a message, or a part that a reader sees, passed unchanged."""

    TRACKING_OFF = "tracking-off"
    SENSITIVE = "sensitive-message"
    NOT_A_MESSAGE = "not-a-message"
    DKIM_SIGNED = "dkim-signed"
    SIGNED = "signed"
    ENCRYPTED = "encrypted"
    MALFORMED_PART = "malformed-part"
    TOO_COMPLEX = "too-complex"
    TRANSFER_ENCODING = "transfer-encoding"
    CHARSET = "charset"
    LINE_TOO_LONG = "line-too-long"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A body as it stands in the message.

    Attributes:
        part: HTML or plain text.
        start: where its encoded bytes begin in the message.
        end: where they end; the line break before a boundary is not among them.
        transfer_encoding: lower case; empty if not declared.
        charset: as declared; empty if not.
        flow: how its lines hang together, as declared; means nothing for HTML.
        transfer_fields: where the fields stand that declare the transfer encoding, or the empty span where one could;
            none if the message has nothing of MIME, so that such a field would mean nothing.
    """

    part: Part
    start: int
    end: int
    transfer_encoding: str
    charset: str
    flow: Flow = Flow.FIXED
    transfer_fields: tuple[tuple[int, int], ...] = ()


def find_leaves(raw: bytes, *, signed: bool = False) -> Iterator[Leaf | Untouched]:
    """The bodies of a message in their order, and what had to be passed over.

    Args:
        raw: the message.
        signed: find them also where a signature covers them, for those who change nothing.
    """
    if raw.count(b"\n--") > _MOST_DELIMITERS:
        return iter([Untouched.TOO_COMPLEX])
    envelope = _MBOX_LINE.match(raw)
    headers = read_headers(raw, envelope.end() if envelope else 0, len(raw))
    if headers is None or not headers.fields:
        return iter([Untouched.NOT_A_MESSAGE])
    if not signed and any(name in headers for name in _BODY_SIGNATURES):
        return iter([Untouched.DKIM_SIGNED])
    return _entity(raw, headers, len(raw), default="text/plain", depth=0)


def _entity(raw: bytes, headers: Headers, end: int, *, default: str, depth: int) -> Iterator[Leaf | Untouched]:
    if headers.is_ambiguous("content-type") or headers.is_ambiguous("content-transfer-encoding"):
        yield Untouched.MALFORMED_PART
        return
    content = read_parameters(headers.get("content-type") or default)
    if content.value in _SIGNED:
        yield Untouched.SIGNED
    elif content.value == "multipart/encrypted":
        yield Untouched.ENCRYPTED
    elif content.value.startswith("multipart/"):
        if depth == _DEEPEST:
            yield Untouched.TOO_COMPLEX
        elif _transfer_encoding(headers) not in _MULTIPART_ENCODINGS or not content.parameters.get("boundary"):
            yield Untouched.MALFORMED_PART
        else:
            yield from _multipart(raw, headers.end, end, content=content, depth=depth)
    elif content.value in _PARTS and not _is_attachment(headers):
        yield _leaf(raw, headers, end, content=content, depth=depth)


def _multipart(raw: bytes, start: int, end: int, *, content: Parameterised, depth: int) -> Iterator[Leaf | Untouched]:
    default = "message/rfc822" if content.value == "multipart/digest" else "text/plain"
    for part_start, part_end in _split(raw, start, end, boundary=content.parameters["boundary"]):
        headers = read_headers(raw, part_start, part_end)
        if headers is None:
            yield Untouched.MALFORMED_PART
        else:
            yield from _entity(raw, headers, part_end, default=default, depth=depth + 1)


def _split(raw: bytes, start: int, end: int, *, boundary: str) -> Iterator[tuple[int, int]]:
    """The spans between the delimiter lines (RFC 2046 section 5.1.1); the last ends with the message if cut off."""
    delimiter = b"\n--" + boundary.encode("latin-1")
    part_start: int | None = None
    at = start - 1  # the body may begin with a delimiter, to which the line break in front belongs
    while (found := raw.find(delimiter, at, end)) >= 0:
        at = found + len(delimiter)
        rest = _REST_OF_DELIMITER.match(raw, at, end)
        if rest is None:
            continue
        if part_start is not None:
            yield part_start, max(part_start, found - raw.startswith(b"\r", found - 1))
        if rest["last"]:
            return
        part_start = rest.end()
    if part_start is not None:
        yield part_start, end


def _is_attachment(headers: Headers) -> bool:
    disposition = read_parameters(headers.get("content-disposition"))
    names = {name.partition("*")[0] for name in disposition.parameters}
    return disposition.value == "attachment" or "filename" in names


def _transfer_encoding(headers: Headers) -> str:
    return read_parameters(headers.get("content-transfer-encoding")).value


def _leaf(raw: bytes, headers: Headers, end: int, *, content: Parameterised, depth: int) -> Leaf | Untouched:
    if raw.find(_INLINE_PGP, headers.end, end) >= 0:
        return Untouched.SIGNED
    of_mime = depth > 0 or any(name in headers for name in _OF_MIME)
    fields = headers.spans.get("content-transfer-encoding", [(headers.blank, headers.blank)])
    return Leaf(
        part=_PARTS[content.value],
        start=headers.end,
        end=end,
        transfer_encoding=_transfer_encoding(headers),
        charset=content.parameters.get("charset", ""),
        flow=read_flow(content.parameters),
        transfer_fields=tuple(fields) if of_mime else (),
    )
