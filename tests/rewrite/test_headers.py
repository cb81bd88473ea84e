import pytest

from clicktrail.rewrite.headers import read_headers, read_parameters


def test_reads_fields_and_where_the_body_begins() -> None:
    """Names in lower case, folded values in one line, repeated fields in their order."""
    raw = b"To: a\r\nSubject: one\r\n two\r\nto:b\r\n\r\nbody"
    headers = read_headers(raw, 0, len(raw))
    assert headers is not None
    assert {"to": ["a", "b"], "subject": ["one two"]} == headers.fields
    assert b"body" == raw[headers.end :]
    assert ("a", "one two", "") == (headers.get("to"), headers.get("subject"), headers.get("cc"))
    assert headers.is_ambiguous("to")
    assert not headers.is_ambiguous("subject")


@pytest.mark.parametrize("raw", [b"", b"\n", b"A: b", b"A: b\n", b"A :b\n\n"])
def test_a_block_may_be_short(raw: bytes) -> None:
    """A part may have no field at all, and a block may end with its span."""
    headers = read_headers(raw, 0, len(raw))
    assert headers is not None
    assert len(raw) == headers.end


@pytest.mark.parametrize(
    "raw", [b"no colon\n\n", b"A: b\nno colon\n\n", b" A: b\n\n", b"A: b\rC: d\n\n", b"A: b\n \n c\n\n", b"\xe9: b\n\n"]
)
def test_what_can_be_read_in_two_ways_is_not_read(raw: bytes) -> None:
    """Mail programs disagree about broken blocks: where such a header ends is anybody's guess."""
    assert read_headers(raw, 0, len(raw)) is None


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
    """Quoted, unquoted and repeated parameters."""
    found = read_parameters(field)
    assert (value, parameters) == (found.value, found.parameters)


def test_fields_and_the_empty_line_are_found_again() -> None:
    """A field's span holds its folded lines, and the last one's line break."""
    raw = b"A: b\r\n c\r\nB: d\r\na: e\r\n\r\nbody"
    headers = read_headers(raw, 0, len(raw))
    assert headers is not None
    assert [b"A: b\r\n c\r\n", b"a: e\r\n"] == [raw[start:end] for start, end in headers.spans["a"]]
    assert b"\r\nbody" == raw[headers.blank :]
