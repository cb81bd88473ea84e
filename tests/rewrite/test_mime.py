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
        b"Content-Type: text/html name=page.html\n\n<p>",
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
        (b"Content-Type: text/html charset=utf-8\n\n<p>", "malformed-part"),
        (b"Content-Type: text/html, charset=utf-8\n\n<p>", "malformed-part"),
        (b"Content-Type: multipart/mixed boundary=t\n\n--t\n\nhi", "malformed-part"),
        (b"Content-Type: multipart/mixed; boundary=s\n\n--t\n\nhi", "malformed-part"),
        (b"Content-Type: multipart/mixed; boundary=s\n\nhi", "malformed-part"),
        (b'Content-Type: multipart/mixed; boundary=" "\n\n-- \n\nhi', "malformed-part"),
    ],
)
def test_skipped_body_has_a_reason(part: bytes, reason: str) -> None:
    assert find_bodies(multipart(TEXT_PART, part, HTML_PART)) == [TEXT, SkipReason(reason), HTML]


@pytest.mark.parametrize(
    "parameter",
    [
        *[b"b1", b'"b1"', b'"b1 "', b'"b1\t "', b"b1 ", b" b1", b"b1 (comment)", b"(a;b) b1 (c)", b'"b1" (c (d) e)'],
        *[b'\n "b1"', b"b1;charset=x", b'"b\\1"'],
    ],
)
@pytest.mark.parametrize("padding", [b"", b" ", b"\t", b" \t ", b"\r"])
def test_white_space_and_comments_around_a_boundary_are_ignored(parameter: bytes, padding: bytes) -> None:
    head = b"Content-Type: multipart/mixed; boundary = " + parameter + b"\n\n"
    lines = [b"--b1" + padding, b"", b"hi", b"--b1" + padding, b"Content-Type: text/html", b"", b"<p>"]
    raw = head + b"\n".join([*lines, b"--b1--" + padding, b"epilogue"])
    assert find_bodies(raw) == [TEXT, HTML]


def test_padded_boundary_is_found_with_its_padding() -> None:
    head = b'Content-Type: multipart/mixed; boundary="b  "\n\n'
    assert find_bodies(head + b"--b  \n\nhi\n--b  --\n\nepilogue\n--b\n\nepilogue") == [TEXT]
    assert find_bodies(multipart(TEXT_PART + b"\n--b --")) == [(BodyType.TEXT, b"hi\n--b --")]


def test_parentheses_within_a_boundary_belong_to_it() -> None:
    assert find_bodies(b"Content-Type: multipart/mixed; boundary=a(1)b\n\n--a(1)b\n\nhi") == [TEXT]


@pytest.mark.parametrize(
    "disposition",
    [
        *["attachment", "ATTACHMENT", " attachment ", "attachment;filename=a", "attachment filename=a.log", "x-foo"],
        *["(c) attachment", "attachment (c)", "(a;b) attachment", "((a) b) attachment", "\n attachment"],
        '"attachment"',
        *["=?utf-8?q?inline?=", "inline, attachment", "inline attachment", "inline\nContent-Disposition: attachment"],
        *["gabouzomeuh; filename=a.txt", "filename=a.txt", "form-data; name=x", "inline (", "inlined"],
    ],
)
@pytest.mark.parametrize(
    "part", [TEXT_PART, HTML_PART, multipart(TEXT_PART, boundary=b"i")], ids=["text", "html", "all"]
)
def test_part_that_is_not_inline_is_an_attachment(part: bytes, disposition: str) -> None:
    attached = b"Content-Disposition: " + disposition.encode() + b"\n" + part
    assert find_bodies(multipart(TEXT_PART, attached)) == [TEXT]
    assert find_bodies(multipart(attached, TEXT_PART)) == [TEXT]


@pytest.mark.parametrize(
    "field",
    [
        *[b"Content-Disposition: inline", b"content-disposition : Inline ;", b"Content-Disposition:", b"X: attachment"],
        *[b"Content-Disposition: inline (attachment; filename=a)", b'Content-Disposition: inline; filename=""'],
        *[b'Content-Disposition: "inline"', b'Content-Disposition: inline; x="; filename=a"'],
    ],
)
def test_inline_part_without_name_is_a_body(field: bytes) -> None:
    assert find_bodies(multipart(TEXT_PART, field + b"\n" + HTML_PART)) == [TEXT, HTML]


NAMES = [
    *["name=build.log", 'name="build.log"', "NAME = build.log", "name*=utf-8''a", "name*0*=utf-8''a; name*1=b"],
    *["\n name=a", 'charset=utf-8; name="a b"', "charset=utf-8 (c) ; name (c) =a", 'name="unterminated', "filename=a"],
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "field", ["Content-Type: text/html;", "Content-Disposition: inline;", "Content-Disposition: inline"]
)
def test_named_text_is_a_body_only_if_it_is_first(field: str, name: str) -> None:
    content_type = "" if field.startswith("Content-Type") else "Content-Type: text/html\n"
    named = f"{field} {name}\n{content_type}\n<p>".encode()
    assert find_bodies(b"Subject: x\n" + named) == [HTML]
    assert find_bodies(multipart(named, named, TEXT_PART)) == [HTML, TEXT]
    assert find_bodies(multipart(TEXT_PART, named)) == [TEXT]
    assert find_bodies(multipart(TEXT_PART, named, kind=b"alternative")) == [TEXT, HTML]
    assert find_bodies(multipart(TEXT_PART, HTML_PART, named, kind=b"alternative")) == [TEXT, HTML]
    assert find_bodies(multipart(named, HTML_PART, kind=b"related")) == [HTML]
    alternative = multipart(TEXT_PART, named, kind=b"alternative", boundary=b"a")
    assert find_bodies(multipart(alternative, named)) == [TEXT, HTML]
    assert find_bodies(multipart(TEXT_PART, alternative)) == [TEXT, TEXT]
    related = multipart(named, b"Content-Type: image/png\n\nx", kind=b"related", boundary=b"r")
    assert find_bodies(multipart(TEXT_PART, related, kind=b"alternative")) == [TEXT, HTML]
    assert find_bodies(multipart(b"Content-Type: application/pdf\n\nx", named)) == []
    assert find_bodies(multipart(TEXT_PART, multipart(named, TEXT_PART, boundary=b"i"))) == [TEXT, TEXT]


@pytest.mark.parametrize(
    ("start", "bodies"),
    [(b"", [TEXT]), (b'; start="<1@x>"', [TEXT]), (b'; start="<2@x>"', [HTML]), (b"; start=2@x", [HTML])],
)
def test_related_parts_are_files_of_the_first_or_named_one(start: bytes, bodies: list[tuple[BodyType, bytes]]) -> None:
    raw = multipart(TEXT_PART, b"Content-ID: <2@x>\n" + HTML_PART, b"malformed\n\n", kind=b"related")
    raw = raw.replace(b'; boundary="b"', b'; boundary="b"' + start)
    assert find_bodies(raw) == [*bodies, SkipReason.MALFORMED_PART]


def test_related_text_may_follow_its_images() -> None:
    image = b"Content-Type: image/png\n\nx"
    assert find_bodies(multipart(image, HTML_PART, TEXT_PART, kind=b"related")) == [HTML]
    assert find_bodies(multipart(image, b"\nhi", HTML_PART, kind=b"related")) == [TEXT]
    assert find_bodies(multipart(image, image, kind=b"related")) == []


def test_footer_of_a_mailing_list_is_a_body() -> None:
    footer = b"Content-Disposition: inline\nContent-Type: text/plain; charset=us-ascii\n\nhi"
    assert find_bodies(multipart(TEXT_PART, HTML_PART, footer)) == [TEXT, HTML, TEXT]


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


def test_header_spans_are_exact() -> None:
    raw = b"A: b\r\n c\r\nB: d\r\na: e\r\n\r\nbody"
    headers = parse_headers(raw, 0, len(raw))
    assert isinstance(headers, Headers)
    assert [raw[start:end] for start, end in headers.spans["a"]] == [b"A: b\r\n c\r\n", b"a: e\r\n"]
    assert raw[headers.blank_line_start :] == b"\r\nbody"
