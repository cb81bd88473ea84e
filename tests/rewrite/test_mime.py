import pytest

from clicktrail.model.link import BodyType
from clicktrail.rewrite.mime import (
    MAX_DELIMITER_LINES,
    MAX_DEPTH,
    MAX_HEADER_BYTES,
    MAX_HEADER_FIELDS,
    MAX_PARTS,
    BodyPart,
    Headers,
    SkipReason,
    find_body_parts,
    parse_headers,
    parse_parameterized_value,
)
from clicktrail.rewrite.text_links import Flow

HTML_PART = b"Content-Type: text/html; charset=utf-8\n\n<p>"
TEXT_PART = b"Content-Type: text/plain\n\nhi"


def multipart(*parts: bytes, kind: bytes = b"mixed", boundary: bytes = b"b") -> bytes:
    body = b"".join(b"\n--" + boundary + b"\n" + part for part in parts)
    return (
        b"Content-Type: multipart/"
        + kind
        + b'; boundary="'
        + boundary
        + b'"\n'
        + body
        + b"\n--"
        + boundary
        + b"--\nepilogue"
    )


def find_bodies(raw: bytes) -> list[tuple[BodyType, bytes] | SkipReason]:
    """Body type and bytes of each body, or the reason why it was skipped."""
    return [
        (body_part.body_type, raw[body_part.start : body_part.end]) if isinstance(body_part, BodyPart) else body_part
        for body_part in find_body_parts(raw)
    ]


HTML = (BodyType.HTML, b"<p>")
TEXT = (BodyType.TEXT, b"hi")


@pytest.mark.parametrize(
    ("raw", "bodies"),
    [
        (b"Subject: x\n\nhi", [TEXT]),
        (b"Subject: x\r\n\r\nhi", [TEXT]),
        (b"From a@b Mon Jan 1 00:00:00 2024\nSubject: x\n\nhi", [TEXT]),
        (b"Subject: x\n" + HTML_PART, [HTML]),
        (multipart(TEXT_PART, HTML_PART, kind=b"alternative"), [TEXT, HTML]),
        (multipart(TEXT_PART, HTML_PART).replace(b"\n", b"\r\n"), [TEXT, HTML]),
        (
            multipart(multipart(TEXT_PART, HTML_PART, boundary=b"bb"), b"Content-Type: application/pdf\n\nx"),
            [TEXT, HTML],
        ),
        (multipart(b"\nhi", kind=b"alternative"), [TEXT]),
        (multipart(b"\nhi", TEXT_PART, kind=b"digest"), [TEXT]),
        (multipart(TEXT_PART).replace(b"\n\n--b\n", b"\n\npreamble https://x.com\n--b \t\n", 1), [TEXT]),
        (multipart(TEXT_PART, HTML_PART).removesuffix(b"\n--b--\nepilogue"), [TEXT, HTML]),
        (multipart(TEXT_PART, b"", HTML_PART), [TEXT, (BodyType.TEXT, b""), HTML]),
        (multipart(TEXT_PART.replace(b"hi", b"--bc\n --b\n--b-\nhi")), [(BodyType.TEXT, b"--bc\n --b\n--b-\nhi")]),
    ],
)
def test_bodies_are_found_in_every_structure(raw: bytes, bodies: list[tuple[BodyType, bytes]]) -> None:
    assert find_bodies(raw) == bodies


@pytest.mark.parametrize(
    "part",
    [
        b"Content-Disposition: attachment\n" + HTML_PART,
        b"Content-Disposition: inline; filename*=utf-8''a.html\n" + HTML_PART,
        b"Content-Type: message/rfc822\n\nSubject: x\n" + HTML_PART,
        b"Content-Type: text/calendar\n\nhttps://x.com",
        b"Content-Type: text/x-amp-html\n\n<p>",
        b"Content-Type: image/png\n\nhi",
        b"Content-Type: html\n\n<p>",
    ],
)
def test_parts_that_are_not_bodies_are_ignored(part: bytes) -> None:
    assert find_bodies(multipart(TEXT_PART, part)) == [TEXT]


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (
            multipart(TEXT_PART, b"Content-Type: application/pgp-signature\n\nx", kind=b"signed", boundary=b"s"),
            "signed",
        ),
        (multipart(b"x", kind=b"encrypted", boundary=b"s"), "encrypted"),
        (b"Content-Type: application/pkcs7-mime\n\nx", "signed"),
        (b"\n-----BEGIN PGP SIGNED MESSAGE-----\nhttps://x.com", "signed"),
        (b"no header\n\nhi", "malformed-part"),
        (b"Content-Type: multipart/mixed\n\n--s\n\nhi", "malformed-part"),
        (
            multipart(TEXT_PART, boundary=b"s").replace(b"\n", b"\nContent-Transfer-Encoding: base64\n", 1),
            "malformed-part",
        ),
        (b"Content-Type: text/html\nContent-Type: text/plain\n\n<p>", "malformed-part"),
    ],
)
def test_skipped_body_has_a_reason(part: bytes, reason: str) -> None:
    assert find_bodies(multipart(TEXT_PART, part, HTML_PART)) == [TEXT, SkipReason(reason), HTML]


@pytest.mark.parametrize("raw", [b"", b"\n\nhi", b"just some text\n", b"<html>", b"\xff\xfe", b"a\rb: c\n\nhi"])
def test_malformed_message_is_skipped(raw: bytes) -> None:
    assert find_bodies(raw) == [SkipReason.NOT_A_MESSAGE]


@pytest.mark.parametrize("name", [b"DKIM-Signature", b"dkim-signature", b"ARC-Message-Signature"])
def test_signed_message_is_skipped(name: bytes) -> None:
    assert find_bodies(name + b": v=1\n" + multipart(TEXT_PART, HTML_PART)) == [SkipReason.DKIM_SIGNED]


def nest(part: bytes, levels: int) -> bytes:
    for level in range(levels):
        part = multipart(part, boundary=b"b%d" % level)
    return part


@pytest.mark.parametrize(
    ("allowed", "excessive"),
    [
        (nest(TEXT_PART, MAX_DEPTH), nest(TEXT_PART, MAX_DEPTH + 1)),
        (multipart(*[TEXT_PART] * MAX_PARTS), multipart(*[TEXT_PART] * (MAX_PARTS + 1))),
        (
            multipart(*[multipart(TEXT_PART, boundary=b"c")] * (MAX_PARTS // 2)),
            multipart(*[multipart(TEXT_PART, boundary=b"c")] * (MAX_PARTS // 2 + 1)),
        ),
        (
            multipart(TEXT_PART + b"\n--" * (MAX_DELIMITER_LINES - 2)),
            multipart(TEXT_PART + b"\n--" * (MAX_DELIMITER_LINES - 1)),
        ),
        (b"A: b\n" * MAX_HEADER_FIELDS + b"\nhi", b"A: b\n" * (MAX_HEADER_FIELDS + 1) + b"\nhi"),
        (
            b"A: %b\n\nhi" % (b"x" * (MAX_HEADER_BYTES - len(b"A: \n"))),
            b"A: %b\n\nhi" % (b"x" * (MAX_HEADER_BYTES - len(b"A: "))),
        ),
        (
            multipart(TEXT_PART, b"A: b\n" * MAX_HEADER_FIELDS + b"\nhi"),
            multipart(TEXT_PART, b"A: b\n" * (MAX_HEADER_FIELDS + 1) + b"\nhi"),
        ),
    ],
    ids=[
        "depth",
        "parts",
        "parts on two levels",
        "delimiter lines",
        "header fields",
        "header bytes",
        "fields of a part",
    ],
)
def test_message_over_a_limit_is_too_complex(allowed: bytes, excessive: bytes) -> None:
    assert SkipReason.TOO_COMPLEX not in find_bodies(allowed)
    assert find_bodies(excessive) == [SkipReason.TOO_COMPLEX]


def test_flow_is_read_from_the_content_type() -> None:
    (body_part,) = find_body_parts(b'Content-Type: text/plain; Format="flowed"; DelSp=yes\n\nhi')
    assert isinstance(body_part, BodyPart)
    assert body_part.flow is Flow.DELSP


def test_header_fields_and_body_start_are_parsed() -> None:
    raw = b"To: a\r\nSubject: one\r\n two\r\nto:b\r\n\r\nbody"
    headers = parse_headers(raw, 0, len(raw))
    assert isinstance(headers, Headers)
    assert headers.fields == {"to": ["a", "b"], "subject": ["one two"]}
    assert raw[headers.body_start :] == b"body"
    assert (headers.get("to"), headers.get("subject"), headers.get("cc")) == ("a", "one two", "")
    assert headers.is_ambiguous("to")
    assert not headers.is_ambiguous("subject")


@pytest.mark.parametrize("raw", [b"", b"\n", b"A: b", b"A: b\n", b"A :b\n\n"])
def test_header_block_may_be_short(raw: bytes) -> None:
    headers = parse_headers(raw, 0, len(raw))
    assert isinstance(headers, Headers)
    assert len(raw) == headers.body_start


@pytest.mark.parametrize(
    "raw", [b"no colon\n\n", b"A: b\nno colon\n\n", b" A: b\n\n", b"A: b\rC: d\n\n", b"A: b\n \n c\n\n", b"\xe9: b\n\n"]
)
def test_ambiguous_header_block_is_not_parsed(raw: bytes) -> None:
    assert parse_headers(raw, 0, len(raw)) is SkipReason.MALFORMED_PART


@pytest.mark.parametrize(
    ("field", "value", "parameters"),
    [
        ("Text/HTML; Charset=UTF-8", "text/html", {"charset": "UTF-8"}),
        ('text/html; charset="utf-8"; format=flowed', "text/html", {"charset": "utf-8", "format": "flowed"}),
        ('multipart/mixed; boundary="a;b \\"c\\""', "multipart/mixed", {"boundary": 'a;b "c"'}),
        ("text/plain;charset = us-ascii (plain)", "text/plain", {"charset": "us-ascii"}),
        ("text/plain (comment) ; a=1; a=2", "text/plain", {"a": "1"}),
        ("text/plain; charset", "text/plain", {}),
        ('text/plain; name="; charset=no', "text/plain", {"name": "", "charset": "no"}),
        ("", "", {}),
    ],
)
def test_parameters_are_parsed(field: str, value: str, parameters: dict[str, str]) -> None:
    parsed = parse_parameterized_value(field)
    assert (parsed.value, parsed.parameters) == (value, parameters)


def test_header_spans_are_exact() -> None:
    raw = b"A: b\r\n c\r\nB: d\r\na: e\r\n\r\nbody"
    headers = parse_headers(raw, 0, len(raw))
    assert isinstance(headers, Headers)
    assert [raw[start:end] for start, end in headers.spans["a"]] == [b"A: b\r\n c\r\n", b"a: e\r\n"]
    assert raw[headers.blank_line_start :] == b"\r\nbody"
