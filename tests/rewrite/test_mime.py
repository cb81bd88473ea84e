import pytest

from clicktrail.model.link import BodyType
from clicktrail.rewrite.mime import BodyPart, SkipReason, find_body_parts, parse_headers, parse_parameterized_value
from clicktrail.rewrite.text_links import Flow

HTML_PART = b"Content-Type: text/html; charset=utf-8\n\n<p>"
TEXT_PART = b"Content-Type: text/plain\n\nhi"


def multipart(*parts: bytes, kind: bytes = b"mixed", boundary: bytes = b"b") -> bytes:
    """A multipart entity, its header included."""
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


def found(raw: bytes) -> list[tuple[BodyType, bytes] | SkipReason]:
    """What is found: the kind and the bytes of each body, or why it was passed over."""
    return [
        (leaf.body_type, raw[leaf.start : leaf.end]) if isinstance(leaf, BodyPart) else leaf
        for leaf in find_body_parts(raw)
    ]


HTML = (BodyType.HTML, b"<p>")
TEXT = (BodyType.TEXT, b"hi")


@pytest.mark.parametrize(
    ("raw", "leaves"),
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
def test_finds_the_bodies_of_every_structure(raw: bytes, leaves: list[tuple[BodyType, bytes]]) -> None:
    assert leaves == found(raw)


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
def test_passes_over_what_is_no_body_without_a_word(part: bytes) -> None:
    assert [TEXT] == found(multipart(TEXT_PART, part))


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
def test_says_why_it_passes_over_a_body(part: bytes, reason: str) -> None:
    assert [TEXT, SkipReason(reason), HTML] == found(multipart(TEXT_PART, part, HTML_PART))


@pytest.mark.parametrize("raw", [b"", b"\n\nhi", b"just some text\n", b"<html>", b"\xff\xfe", b"a\rb: c\n\nhi"])
def test_what_is_no_message_is_not_read(raw: bytes) -> None:
    assert [SkipReason.NOT_A_MESSAGE] == found(raw)


@pytest.mark.parametrize("name", [b"DKIM-Signature", b"dkim-signature", b"ARC-Message-Signature"])
def test_a_signature_over_the_body_keeps_it_as_it_is(name: bytes) -> None:
    assert [SkipReason.DKIM_SIGNED] == found(name + b": v=1\n" + multipart(TEXT_PART, HTML_PART))


def test_nesting_has_an_end() -> None:
    raw = TEXT_PART
    for depth in range(1000):
        raw = multipart(raw, boundary=b"b%d" % depth)
    assert [SkipReason.TOO_COMPLEX] == found(raw)


def test_the_number_of_parts_has_an_end() -> None:
    assert [SkipReason.TOO_COMPLEX] == found(multipart(*[TEXT_PART] * 10_001))


def test_tells_how_the_lines_of_a_text_hang_together() -> None:
    (leaf,) = find_body_parts(b'Content-Type: text/plain; Format="flowed"; DelSp=yes\n\nhi')
    assert isinstance(leaf, BodyPart)
    assert leaf.flow is Flow.DELSP


def test_reads_fields_and_where_the_body_begins() -> None:
    raw = b"To: a\r\nSubject: one\r\n two\r\nto:b\r\n\r\nbody"
    headers = parse_headers(raw, 0, len(raw))
    assert headers is not None
    assert {"to": ["a", "b"], "subject": ["one two"]} == headers.fields
    assert b"body" == raw[headers.body_start :]
    assert ("a", "one two", "") == (headers.get("to"), headers.get("subject"), headers.get("cc"))
    assert headers.is_ambiguous("to")
    assert not headers.is_ambiguous("subject")


@pytest.mark.parametrize("raw", [b"", b"\n", b"A: b", b"A: b\n", b"A :b\n\n"])
def test_a_block_may_be_short(raw: bytes) -> None:
    headers = parse_headers(raw, 0, len(raw))
    assert headers is not None
    assert len(raw) == headers.body_start


@pytest.mark.parametrize(
    "raw", [b"no colon\n\n", b"A: b\nno colon\n\n", b" A: b\n\n", b"A: b\rC: d\n\n", b"A: b\n \n c\n\n", b"\xe9: b\n\n"]
)
def test_what_can_be_read_in_two_ways_is_not_read(raw: bytes) -> None:
    assert parse_headers(raw, 0, len(raw)) is None


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
def test_reads_parameters(field: str, value: str, parameters: dict[str, str]) -> None:
    found = parse_parameterized_value(field)
    assert (value, parameters) == (found.value, found.parameters)


def test_fields_and_the_empty_line_are_found_again() -> None:
    raw = b"A: b\r\n c\r\nB: d\r\na: e\r\n\r\nbody"
    headers = parse_headers(raw, 0, len(raw))
    assert headers is not None
    assert [b"A: b\r\n c\r\n", b"a: e\r\n"] == [raw[start:end] for start, end in headers.spans["a"]]
    assert b"\r\nbody" == raw[headers.blank_line_start :]
