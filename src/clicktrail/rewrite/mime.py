"""Find the bodies of a message that a reader sees, as byte ranges of the message.

The message is never parsed into a tree and written again, so that no other byte can change. Header blocks are parsed
strictly (RFC 5322 section 2.2): a part that mail programs could read differently is skipped. So are signed parts,
attachments and forwarded messages.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from clicktrail.model.link import BodyType
from clicktrail.rewrite.content_headers import ParameterizedValue, has_name, is_inline, parse_parameterized_value
from clicktrail.rewrite.text_links import Flow, parse_flow

_PART_BY_CONTENT_TYPE = {"text/html": BodyType.HTML, "text/plain": BodyType.TEXT}
_MISSING_SEMICOLON = re.compile(r"text/(?:html|plain)[\s,]")
_SIGNED_CONTENT_TYPES = frozenset({"multipart/signed", "application/pkcs7-mime", "application/x-pkcs7-mime"})
_SIGNATURE_FIELDS = ("dkim-signature", "arc-message-signature")
_MIME_FIELDS = ("mime-version", "content-type", "content-transfer-encoding")
_INLINE_PGP = b"-----BEGIN PGP "
_MBOX_FROM_LINE = re.compile(rb"From [^\n]*+\n")  # separates messages in an mbox file (RFC 4155)
_DELIMITER_LINE_END = re.compile(rb"(?P<last>--)?[ \t]*+(?:\r?\n|\Z)")
_PADDED_DELIMITER_LINE_END = re.compile(rb"[ \t]*+" + _DELIMITER_LINE_END.pattern)

# The largest of 938 real and test messages has 107 header fields in 136 kB, and 330 lines that start with "--".
MAX_HEADER_BYTES = 262_144
"""Bytes of a header block, of the message or of a part."""
MAX_HEADER_FIELDS = 1_000
"""Fields of a header block."""
MAX_DEPTH = 20
"""Levels of parts within parts."""
MAX_PARTS = 1_000
"""Parts of a message, on all levels."""
MAX_DELIMITER_LINES = 10_000
"""Lines that start with "--" and could start a part."""

_TEXT_OR_MULTIPART = re.compile(r"(?:(?:text|multipart)/|\Z)", re.IGNORECASE)
_MULTIPART_ENCODINGS = frozenset({"", "7bit", "8bit", "binary"})

_HEADER_FIELD = re.compile(rb"([!-9;-~]++)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)(?:\n|\Z)")
_BLANK_LINE = re.compile(rb"\r?\n|\Z")
_BARE_CR = re.compile(rb"\r(?!\n)")
_WHITESPACE_LINE = re.compile(rb"\n[ \t]++\r?\n")


class SkipReason(StrEnum):
    """Why a message or a body was not rewritten. docs/reference/reason-codes.md explains each."""

    TRACKING_OFF = "tracking-off"
    SENSITIVE = "sensitive-message"
    NOT_A_MESSAGE = "not-a-message"
    DKIM_SIGNED = "dkim-signed"
    SIGNED = "signed"
    ENCRYPTED = "encrypted"
    MALFORMED_PART = "malformed-part"
    TOO_COMPLEX = "too-complex"
    TOO_MANY_LINKS = "too-many-links"
    TRANSFER_ENCODING = "transfer-encoding"
    CHARSET = "charset"
    LINE_TOO_LONG = "line-too-long"
    TIME_LIMIT = "time-limit"
    FAILED = "rewriting-failed"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyPart:
    """An encoded body within a message.

    Attributes:
        start: first byte of the body in the message.
        end: byte after the body; excludes the line break before a boundary.
        transfer_encoding: declared encoding in lower case; empty if not declared.
        charset: declared charset; empty if not declared.
        transfer_encoding_spans: byte ranges of the Content-Transfer-Encoding fields, or an empty range where such a
            field can be inserted; none if the message is not MIME, where the field would be ignored.
    """

    body_type: BodyType
    start: int
    end: int
    transfer_encoding: str
    charset: str
    flow: Flow = Flow.FIXED
    transfer_encoding_spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """A header block.

    Attributes:
        fields: values by name in lower case, in order; unfolded, decoded as Latin-1.
        spans: byte range of each field, with its line break.
        blank_line_start: start of the blank line that ends the block.
        body_start: byte after the blank line.
    """

    fields: Mapping[str, Sequence[str]]
    spans: Mapping[str, Sequence[tuple[int, int]]]
    blank_line_start: int
    body_start: int

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def get(self, name: str) -> str:
        """Return the value of the first field of that name; empty if there is none."""
        return self.fields.get(name, [""])[0]

    def is_ambiguous(self, name: str) -> bool:
        """Whether several fields of that name have different values."""
        return len(set(self.fields.get(name, ()))) > 1


def parse_headers(raw: bytes, start: int, end: int, *, is_limited: bool = True) -> Headers | SkipReason:
    """Parse the header block at the start of a byte range.

    Returns `SkipReason.MALFORMED_PART` if any field is malformed. If the block exceeds `MAX_HEADER_BYTES` or
    `MAX_HEADER_FIELDS` and ``is_limited``, returns `SkipReason.TOO_COMPLEX`.
    """
    fields: dict[str, list[str]] = {}
    spans: dict[str, list[tuple[int, int]]] = {}
    offset = start
    field_count = 0
    while field := _HEADER_FIELD.match(raw, offset, end):
        offset = field.end()
        field_count += 1
        if is_limited and (offset - start > MAX_HEADER_BYTES or field_count > MAX_HEADER_FIELDS):
            return SkipReason.TOO_COMPLEX
        value = field[2].replace(b"\r\n", b"").replace(b"\n", b"").decode("latin-1").strip()
        name = field[1].decode("ascii").lower()
        fields.setdefault(name, []).append(value)
        spans.setdefault(name, []).append(field.span())
    blank_line = _BLANK_LINE.match(raw, offset, end)
    if blank_line is None or _BARE_CR.search(raw, start, offset) or _WHITESPACE_LINE.search(raw, start, offset):
        return SkipReason.MALFORMED_PART
    return Headers(fields=fields, spans=spans, blank_line_start=offset, body_start=blank_line.end())


def find_body_parts(raw: bytes, *, include_signed: bool = False) -> Iterator[BodyPart | SkipReason]:
    """Yield the bodies of a message in order, and the reasons for what was skipped.

    A message that exceeds a limit yields only `SkipReason.TOO_COMPLEX`. ``include_signed`` is for callers that only
    read: it includes messages with a DKIM or ARC signature.
    """
    if raw.count(b"\n--") > MAX_DELIMITER_LINES:
        return iter([SkipReason.TOO_COMPLEX])
    mbox_line = _MBOX_FROM_LINE.match(raw)
    headers = parse_headers(raw, mbox_line.end() if mbox_line else 0, len(raw))
    if headers is SkipReason.TOO_COMPLEX:
        return iter([headers])
    if not isinstance(headers, Headers) or not headers.fields:
        return iter([SkipReason.NOT_A_MESSAGE])
    if not include_signed and any(name in headers for name in _SIGNATURE_FIELDS):
        return iter([SkipReason.DKIM_SIGNED])
    place = _Place(default_type="text/plain", depth=0, is_first=True)
    outcomes = list(_EntityWalker(raw).walk_entity(headers, len(raw), place))
    return iter([SkipReason.TOO_COMPLEX] if SkipReason.TOO_COMPLEX in outcomes else outcomes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where in a message an entity is.

    Attributes:
        default_type: content type if none is declared.
        depth: number of multiparts around it.
        is_first: whether no other part, except alternatives of this one, is shown before it.
    """

    default_type: str
    depth: int
    is_first: bool


@dataclass(slots=True)
class _EntityWalker:
    """Walks the parts of a message; yields `SkipReason.TOO_COMPLEX` and ends where there are too many."""

    raw: bytes
    part_count: int = 0
    found_types: set[BodyType] = field(default_factory=set)

    def walk_entity(self, headers: Headers, end: int, place: _Place) -> Iterator[BodyPart | SkipReason]:
        if headers.is_ambiguous("content-type") or headers.is_ambiguous("content-transfer-encoding"):
            yield SkipReason.MALFORMED_PART
            return
        content = parse_parameterized_value(headers.get("content-type") or place.default_type)
        if content.value in _SIGNED_CONTENT_TYPES:
            yield SkipReason.SIGNED
        elif content.value == "multipart/encrypted":
            yield SkipReason.ENCRYPTED
        elif content.value.startswith("multipart/"):
            if self._is_attachment(headers, content, place):
                return
            if place.depth == MAX_DEPTH:
                yield SkipReason.TOO_COMPLEX
            elif _parse_transfer_encoding(headers) not in _MULTIPART_ENCODINGS:
                yield SkipReason.MALFORMED_PART
            else:
                yield from self._walk_multipart((headers.body_start, end), content, place)
        elif content.value in _PART_BY_CONTENT_TYPE and not self._is_attachment(headers, content, place):
            self.found_types.add(_PART_BY_CONTENT_TYPE[content.value])
            yield _build_body_part(self.raw, headers, end, content=content, depth=place.depth)
        elif _MISSING_SEMICOLON.match(content.value) and not self._is_attachment(headers, content, place):
            yield SkipReason.MALFORMED_PART

    def _walk_multipart(
        self, span: tuple[int, int], content: ParameterizedValue, place: _Place
    ) -> Iterator[BodyPart | SkipReason]:
        boundary = content.parameters.get("boundary", "")
        parts = list(islice(_split_multipart(self.raw, *span, boundary=boundary), MAX_PARTS + 1))
        self.part_count += len(parts)
        if not parts:
            yield SkipReason.MALFORMED_PART
        elif self.part_count > MAX_PARTS:
            yield SkipReason.TOO_COMPLEX
        else:
            yield from self._walk_parts([(parse_headers(self.raw, *part), part[1]) for part in parts], content, place)

    def _walk_parts(
        self, parts: Sequence[tuple[Headers | SkipReason, int]], content: ParameterizedValue, place: _Place
    ) -> Iterator[BodyPart | SkipReason]:
        is_related = content.value == "multipart/related"
        first = _find_root([headers for headers, _ in parts], content) if is_related else 0
        for index, (headers, end) in enumerate(parts):
            if isinstance(headers, SkipReason):
                yield headers
            elif index == first or not is_related:  # the other parts of multipart/related are files of the first
                part_place = _Place(
                    default_type="message/rfc822" if content.value == "multipart/digest" else "text/plain",
                    depth=place.depth + 1,
                    is_first=place.is_first and (index == first or content.value == "multipart/alternative"),
                )
                yield from self.walk_entity(headers, end, part_place)

    def _is_attachment(self, headers: Headers, content: ParameterizedValue, place: _Place) -> bool:
        """Whether mail programs show a part as an attachment: as in RFC 8621 section 4.1.4, also by its name.

        A first part with a name is a body, and so are its alternatives of another type.
        """
        dispositions = headers.fields.get("content-disposition", ())
        if not is_inline(dispositions):
            return True
        is_body = place.is_first and _PART_BY_CONTENT_TYPE.get(content.value) not in self.found_types
        return not is_body and has_name([*dispositions, headers.get("content-type")])


def _find_root(parts: Sequence[Headers | SkipReason], content: ParameterizedValue) -> int:
    """Return the index of the part that multipart/related shows (RFC 2387 section 3.2).

    Without a valid ``start``, it is the first text or multipart: some programs put images before it.
    """
    start = content.parameters.get("start", "").strip("<> ")
    readable = [(index, headers) for index, headers in enumerate(parts) if isinstance(headers, Headers)]
    named = (index for index, headers in readable if start and headers.get("content-id").strip("<> ") == start)
    texts = (index for index, headers in readable if _TEXT_OR_MULTIPART.match(headers.get("content-type")))
    return next(named, next(texts, 0))


def _split_multipart(raw: bytes, start: int, end: int, *, boundary: str) -> Iterator[tuple[int, int]]:
    """Yield the spans between the delimiter lines (RFC 2046 section 5.1.1). A missing last delimiter is tolerated.

    White space at the end of the boundary is ignored: programs disagree whether delimiter lines have it.
    """
    stripped = boundary.rstrip(" \t")
    if not stripped:
        return
    delimiter = b"\n--" + stripped.encode("latin-1")
    delimiter_line_end = _DELIMITER_LINE_END if stripped == boundary else _PADDED_DELIMITER_LINE_END
    part_start: int | None = None
    offset = start - 1  # a delimiter at the start of the body includes the line break before it
    while (delimiter_start := raw.find(delimiter, offset, end)) >= 0:
        offset = delimiter_start + len(delimiter)
        line_end = delimiter_line_end.match(raw, offset, end)
        if line_end is None:
            continue
        if part_start is not None:
            yield part_start, max(part_start, delimiter_start - raw.startswith(b"\r", delimiter_start - 1))
        if line_end["last"]:
            return
        part_start = line_end.end()
    if part_start is not None:
        yield part_start, end


def _parse_transfer_encoding(headers: Headers) -> str:
    field_value = headers.get("content-transfer-encoding")
    return parse_parameterized_value(field_value).value if field_value else ""


def _build_body_part(
    raw: bytes, headers: Headers, end: int, *, content: ParameterizedValue, depth: int
) -> BodyPart | SkipReason:
    if raw.rfind(_INLINE_PGP, headers.body_start, end) >= 0:  # in CPython several times as fast as `bytes.find`
        return SkipReason.SIGNED
    is_mime = depth > 0 or any(name in headers for name in _MIME_FIELDS)
    insertion_point = (headers.blank_line_start, headers.blank_line_start)
    spans = headers.spans.get("content-transfer-encoding", [insertion_point])
    return BodyPart(
        body_type=_PART_BY_CONTENT_TYPE[content.value],
        start=headers.body_start,
        end=end,
        transfer_encoding=_parse_transfer_encoding(headers),
        charset=content.parameters.get("charset", ""),
        flow=parse_flow(content.parameters),
        transfer_encoding_spans=tuple(spans) if is_mime else (),
    )
