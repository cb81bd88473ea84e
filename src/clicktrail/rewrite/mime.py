"""Find the bodies of a message that a reader sees, as byte ranges of the message.

The message is never parsed into a tree and written again: a part is a span of the bytes as they came. Whatever could
be read in two ways, is covered by a signature, or belongs to somebody else's message is passed over, with the reason
where a reader of the report would ask for one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from clicktrail.model.link import BodyType
from clicktrail.rewrite.text_links import Flow, parse_flow

__all__ = [
    "BodyPart",
    "Headers",
    "ParameterizedValue",
    "SkipReason",
    "find_body_parts",
    "parse_headers",
    "parse_parameterized_value",
]

# FOLDED headers.py: Read a header block (RFC 5322 section 2.2), strictly: what mail programs may read
# differently is not read at all.

_HEADER_FIELD = re.compile(rb"([!-9;-~]++)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)(?:\n|\Z)")
_BLANK_LINE = re.compile(rb"\r?\n|\Z")
_BARE_CR = re.compile(rb"\r(?!\n)")
_WHITESPACE_LINE = re.compile(rb"\n[ \t]++\r?\n")

_PARAMETER = re.compile(r';\s*+([^\s=;"]++)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^\s;"]*+))', re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_COMMENT = re.compile(r"\s*+\([^()]*+\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """The fields of a header block.

    Attributes:
        fields: values by name in lower case, in their order; unfolded, bytes read as Latin-1.
        spans: where each of them stands, first and behind the last byte, its line break among them.
        blank_line_start: where the empty line begins that ends the block.
        body_start: where the body begins: behind the empty line.
    """

    fields: Mapping[str, Sequence[str]]
    spans: Mapping[str, Sequence[tuple[int, int]]]
    blank_line_start: int
    body_start: int

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def get(self, name: str) -> str:
        """A field's value, the first where there are several; empty where there is none."""
        return self.fields.get(name, [""])[0]

    def is_ambiguous(self, name: str) -> bool:
        """Whether the field is there several times with different values."""
        return len(set(self.fields.get(name, ()))) > 1


def parse_headers(raw: bytes, start: int, end: int) -> Headers | None:
    """The header block at the beginning of a span; None if anything in it is no well-formed field."""
    fields: dict[str, list[str]] = {}
    spans: dict[str, list[tuple[int, int]]] = {}
    at = start
    while field := _HEADER_FIELD.match(raw, at, end):
        at = field.end()
        value = field[2].replace(b"\r\n", b"").replace(b"\n", b"").decode("latin-1").strip()
        name = field[1].decode("ascii").lower()
        fields.setdefault(name, []).append(value)
        spans.setdefault(name, []).append(field.span())
    blank = _BLANK_LINE.match(raw, at, end)
    if blank is None or _BARE_CR.search(raw, start, at) or _WHITESPACE_LINE.search(raw, start, at):
        return None
    return Headers(fields=fields, spans=spans, blank_line_start=at, body_start=blank.end())


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterizedValue:
    """A value such as ``text/html; charset=utf-8``.

    Attributes:
        value: what stands before the parameters, lower case.
        parameters: values by name in lower case, the first of a name only. RFC 2231 continuations are not joined.
    """

    value: str
    parameters: Mapping[str, str]


def parse_parameterized_value(field: str) -> ParameterizedValue:
    """Read a Content-Type or Content-Disposition (RFC 2045 section 5.1, RFC 2183 section 2)."""
    parameters: dict[str, str] = {}
    for parameter in _PARAMETER.finditer(field):
        name, quoted, plain = parameter.groups()
        value = plain if quoted is None else _QUOTED_PAIR.sub(r"\1", quoted)
        parameters.setdefault(name.lower(), value)
    return ParameterizedValue(value=_COMMENT.sub("", field.partition(";")[0]).strip().lower(), parameters=parameters)


_PART_BY_CONTENT_TYPE = {"text/html": BodyType.HTML, "text/plain": BodyType.TEXT}
_SIGNED_CONTENT_TYPES = frozenset({"multipart/signed", "application/pkcs7-mime", "application/x-pkcs7-mime"})
_SIGNATURE_FIELDS = ("dkim-signature", "arc-message-signature")
_MIME_FIELDS = ("mime-version", "content-type", "content-transfer-encoding")
_INLINE_PGP = b"-----BEGIN PGP "
_MBOX_FROM_LINE = re.compile(rb"From [^\n]*+\n")  # what a mailbox file puts in front of a message (RFC 4155)
_REST_OF_DELIMITER = re.compile(rb"(?P<last>--)?[ \t]*+(?:\r?\n|\Z)")
_MAX_DEPTH = 20
_MAX_DELIMITER_LINES = 10_000  # lines that begin like a delimiter; a message of as many parts is an attack
_MULTIPART_ENCODINGS = frozenset({"", "7bit", "8bit", "binary"})


class SkipReason(StrEnum):
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
class BodyPart:
    """A body as it stands in the message.

    Attributes:
        body_type: HTML or plain text.
        start: where its encoded bytes begin in the message.
        end: where they end; the line break before a boundary is not among them.
        transfer_encoding: lower case; empty if not declared.
        charset: as declared; empty if not.
        flow: how its lines hang together, as declared; means nothing for HTML.
        transfer_encoding_spans: where the fields stand that declare the transfer encoding, or the empty span where one could;
            none if the message has nothing of MIME, so that such a field would mean nothing.
    """

    body_type: BodyType
    start: int
    end: int
    transfer_encoding: str
    charset: str
    flow: Flow = Flow.FIXED
    transfer_encoding_spans: tuple[tuple[int, int], ...] = ()


def find_body_parts(raw: bytes, *, include_signed: bool = False) -> Iterator[BodyPart | SkipReason]:
    """The bodies of a message in their order, and what had to be passed over.

    Args:
        raw: the message.
        include_signed: find them also where a signature covers them, for those who change nothing.
    """
    if raw.count(b"\n--") > _MAX_DELIMITER_LINES:
        return iter([SkipReason.TOO_COMPLEX])
    envelope = _MBOX_FROM_LINE.match(raw)
    headers = parse_headers(raw, envelope.end() if envelope else 0, len(raw))
    if headers is None or not headers.fields:
        return iter([SkipReason.NOT_A_MESSAGE])
    if not include_signed and any(name in headers for name in _SIGNATURE_FIELDS):
        return iter([SkipReason.DKIM_SIGNED])
    return _walk_entity(raw, headers, len(raw), default="text/plain", depth=0)


def _walk_entity(
    raw: bytes, headers: Headers, end: int, *, default: str, depth: int
) -> Iterator[BodyPart | SkipReason]:
    if headers.is_ambiguous("content-type") or headers.is_ambiguous("content-transfer-encoding"):
        yield SkipReason.MALFORMED_PART
        return
    content = parse_parameterized_value(headers.get("content-type") or default)
    if content.value in _SIGNED_CONTENT_TYPES:
        yield SkipReason.SIGNED
    elif content.value == "multipart/encrypted":
        yield SkipReason.ENCRYPTED
    elif content.value.startswith("multipart/"):
        if depth == _MAX_DEPTH:
            yield SkipReason.TOO_COMPLEX
        elif _parse_transfer_encoding(headers) not in _MULTIPART_ENCODINGS or not content.parameters.get("boundary"):
            yield SkipReason.MALFORMED_PART
        else:
            yield from _walk_multipart(raw, headers.body_start, end, content=content, depth=depth)
    elif content.value in _PART_BY_CONTENT_TYPE and not _is_attachment(headers):
        yield _build_body_part(raw, headers, end, content=content, depth=depth)


def _walk_multipart(
    raw: bytes, start: int, end: int, *, content: ParameterizedValue, depth: int
) -> Iterator[BodyPart | SkipReason]:
    default = "message/rfc822" if content.value == "multipart/digest" else "text/plain"
    for part_start, part_end in _split_multipart(raw, start, end, boundary=content.parameters["boundary"]):
        headers = parse_headers(raw, part_start, part_end)
        if headers is None:
            yield SkipReason.MALFORMED_PART
        else:
            yield from _walk_entity(raw, headers, part_end, default=default, depth=depth + 1)


def _split_multipart(raw: bytes, start: int, end: int, *, boundary: str) -> Iterator[tuple[int, int]]:
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
    disposition = parse_parameterized_value(headers.get("content-disposition"))
    names = {name.partition("*")[0] for name in disposition.parameters}
    return disposition.value == "attachment" or "filename" in names


def _parse_transfer_encoding(headers: Headers) -> str:
    return parse_parameterized_value(headers.get("content-transfer-encoding")).value


def _build_body_part(
    raw: bytes, headers: Headers, end: int, *, content: ParameterizedValue, depth: int
) -> BodyPart | SkipReason:
    if raw.find(_INLINE_PGP, headers.body_start, end) >= 0:
        return SkipReason.SIGNED
    of_mime = depth > 0 or any(name in headers for name in _MIME_FIELDS)
    fields = headers.spans.get("content-transfer-encoding", [(headers.blank_line_start, headers.blank_line_start)])
    return BodyPart(
        body_type=_PART_BY_CONTENT_TYPE[content.value],
        start=headers.body_start,
        end=end,
        transfer_encoding=_parse_transfer_encoding(headers),
        charset=content.parameters.get("charset", ""),
        flow=parse_flow(content.parameters),
        transfer_encoding_spans=tuple(fields) if of_mime else (),
    )
