from collections.abc import Callable
from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.rewrite.encoded_words import MAX_VALUE_BYTES, decode_header_value
from clicktrail.rewrite.mime import Headers, parse_headers
from tests.support.paths import CORPUS

_CHARSETS = st.sampled_from(["utf-8", "iso-8859-1", "windows-1252", "utf-16"])
_SHORT_TEXTS = st.text(st.characters(codec="iso-8859-1", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=20)


def decode_with_standard_library(text: str) -> str | None:
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, ValueError):
        return None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"plain", "plain"),
        ("grün".encode(), "grün"),
        (b"\xe9t\xe9\0", "\ufffdt\ufffd\0"),
        (b"=?utf-8?q?gr=C3=BCn_?=", "grün "),
        (b"=?UTF-8?B?Z3LDvG4?=", "grün"),
        (b"Re: =?iso-8859-1?Q?=E9t=e9?= 2026", "Re: été 2026"),
        (b"=?utf-8?q?a?= \t =?utf-8?q?b?=", "ab"),
        (b"=?utf-8?q?a?==?latin-1?q?=FC?=", "aü"),
        (b"=?utf-8?q?=C3?= =?utf-8?q?=BC?=", "ü"),
        (b"=?utf-8*de?q?=C3=BC?=", "ü"),
        (b"=?utf-8?q?what??=", "what?"),
        (b"(=?utf-8?q?a?=)", "(a)"),
        (b"x=?utf-8?q?a?=y", "xay"),
        ("é =?utf-8?q?=C3=BC?=".encode(), "é ü"),
        (b"=?utf-8?q?a=ZZ=?=", "a=ZZ="),
        (b"=?none?q?a?= =?none?q?b?= =?utf-8?q?c?=", "=?none?q?a?= =?none?q?b?=c"),
        (b"=?utf-8?q?=FF?= b", "=?utf-8?q?=FF?= b"),
        ("=?utf-8?q?é?=".encode(), "é"),
        (b"=?iso-8859-1?Q?Fr\xf6sche?=", "Frösche"),
        (b"=?utf-8?b?A?=", "=?utf-8?b?A?="),
        (b"=?utf-7?q?+2AA-?=", "=?utf-7?q?+2AA-?="),
        (b"=?zlib?q?a?= =?a\0b?q?a?= =?idna?q?a?=", "=?zlib?q?a?==?a\0b?q?a?==?idna?q?a?="),
        (b"=?utf-8?x?a?= =?utf-8?q?", "=?utf-8?x?a?= =?utf-8?q?"),
        (b"", ""),
    ],
)
def test_value_is_decoded(value: bytes, expected: str) -> None:
    assert decode_header_value(value) == expected


def test_long_value_is_cut_off() -> None:
    assert decode_header_value(b"x" * (MAX_VALUE_BYTES + 1)) == "x" * MAX_VALUE_BYTES


@given(st.lists(st.tuples(_SHORT_TEXTS, _CHARSETS), max_size=5), st.sampled_from([40, 998]))
def test_headers_of_the_standard_library_are_decoded(parts: list[tuple[str, str]], max_line_chars: int) -> None:
    header = Header(maxlinelen=max_line_chars)
    for text, charset in parts:
        header.append(text, charset, errors="replace")
    encoded = header.encode(linesep="").replace("\n", "")
    assert decode_header_value(encoded.encode()) == decode_with_standard_library(encoded)


@given(
    st.binary() | st.lists(st.sampled_from([b"=?", b"?=", b"utf-8", b"?q?", b"?b?", b"=C3", b"a", b" "])).map(b"".join)
)
def test_arbitrary_bytes_never_raise(value: bytes) -> None:
    decode_header_value(value).encode()


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the corpus of real mail is not at {CORPUS}")
def test_headers_of_real_mail(summarize: Callable[[str], None]) -> None:
    decoded = 0
    for path in sorted((CORPUS / "eml").iterdir()):
        raw = path.read_bytes()
        headers = parse_headers(raw, 0, len(raw))
        fields = headers.fields.values() if isinstance(headers, Headers) else ()
        for value in (value.encode("latin-1") for values in fields for value in values):
            if b"=?" in value and value.isascii() and len(value) <= MAX_VALUE_BYTES:
                expected = decode_with_standard_library(value.decode())
                # The standard library inserts spaces where a word touches other text.
                assert expected is None or remove_spaces(decode_header_value(value)) == remove_spaces(expected), (
                    path.name
                )
                decoded += 1
    summarize(f"{decoded} header values decoded")
    assert decoded


def remove_spaces(text: str) -> str:
    return text.replace(" ", "")
