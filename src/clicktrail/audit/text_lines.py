"""Decode a file of unknown encoding to lines of text.

Text is UTF-8 unless its beginning shows UTF-16 or UTF-32. The first line that is not UTF-8 decides for an older
encoding, if everything before it was ASCII: ASCII is the same in all of them. Which one is a guess.
"""

import codecs
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from clicktrail.errors import EventError

_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins like that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HEAD_BYTES: Final = 4_096
"""Bytes that show UTF-16 without a byte order mark."""
_GUESS_BYTES: Final = 65_536
"""Bytes of lines that are not ASCII, from which an encoding is guessed."""
_GUESS_LINES: Final = 5_000
"""Lines read ahead for the guess."""

_MAX_LINE_BYTES: Final = 1_048_576
"""A longer line is cut behind a curly bracket: arrays of JSON may be one line of any length."""

_WORD: Final = re.compile(rb"[A-Za-z]*[\x80-\xff][A-Za-z\x80-\xff]*")
_ISO_2022_JP: Final = re.compile(rb"\x1b\$[@B].*?\x1b\([BJ]", re.DOTALL)
_LATIN_ENCODINGS: Final = ("cp1252", "cp1250", "cp1254", "mac_roman", "cp850")
"""For words with ASCII letters, the most common first. ISO-8859-1 and -15 differ from cp1252 in rare characters."""
_OTHER_ENCODINGS: Final = [
    *("cp932", "euc_jp", "gb18030", "big5", "cp949"),
    *("cp1250", "cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "cp874"),
]
_MIN_SAMPLE_BYTES: Final = 400
"""charset-normalizer guesses badly from less; a shorter sample is repeated."""


def read_text_lines(
    chunks: Iterable[bytes],
    *,
    on_guess: Callable[[str], None],
    on_unreadable: Callable[[int, EventError], None],
) -> Iterator[str]:
    """Yield the lines of a file with their ends, which are CR, LF or CRLF, and without byte order mark.

    Very long lines are yielded in pieces; only the last piece has an end.

    A line that cannot be decoded is reported with its number, and is empty. ``on_guess`` is called with the name of a
    guessed encoding.
    """
    lines = _split_lines(_transcode(iter(chunks)))
    encoding, is_ascii = "utf-8", True
    for number, line in enumerate(lines, start=1):
        if encoding == "utf-8" and b"\x1b$" in line and _ISO_2022_JP.search(line):
            encoding = "iso2022_jp"
            on_guess(encoding)
        try:
            text = line.decode(encoding)
        except UnicodeDecodeError:
            if encoding != "utf-8" or not is_ascii:
                on_unreadable(number, EventError(f"not an event: it is not text in {encoding}"))
                yield "\n"
                continue
            following = [line, *itertools.islice(lines, _GUESS_LINES)]
            encoding = guess_encoding(following)
            on_guess(encoding)
            yield from _decode_rest(itertools.chain(following, lines), number, encoding, on_unreadable)
            return
        is_ascii = is_ascii and line.isascii()
        yield text


def _decode_rest(
    lines: Iterable[bytes], first_number: int, encoding: str, on_unreadable: Callable[[int, EventError], None]
) -> Iterator[str]:
    for number, line in enumerate(lines, start=first_number):
        try:
            yield line.decode(encoding)
        except UnicodeDecodeError:
            on_unreadable(number, EventError(f"not an event: it is not text in {encoding}"))
            yield "\n"


def guess_encoding(lines: Iterable[bytes]) -> str:
    """Guess the encoding of text that is not UTF-8, from its words that are not ASCII."""
    text = b"".join(line for line in lines if not line.isascii())[:_GUESS_BYTES]
    words = b" ".join(_WORD.findall(text))
    high_count = sum(byte >= 0x80 for byte in words)  # noqa: PLR2004
    ascii_letter_count = len(words) - high_count - words.count(b" ")
    latin = min(_LATIN_ENCODINGS, key=lambda encoding: _count_odd_characters(words, encoding))
    if ascii_letter_count >= high_count:  # the second byte of a Japanese character may be an ASCII letter
        return latin
    from charset_normalizer import from_bytes  # noqa: PLC0415 (slow to import, and rarely needed)

    sample = text * (1 + _MIN_SAMPLE_BYTES // len(text))
    best = from_bytes(sample, cp_isolation=_OTHER_ENCODINGS, enable_fallback=False).best()
    return best.encoding if best else latin


_ODD_CHARACTERS: Final = re.compile(
    r"[\ufffd\x80-\x9f]|(?<=[^\W\d_])[^\w\s\u2013-\u2026\u00ab\u00bb]|[^\W\d_]\d|[a-zß-ÿ][À-ÞŠŒŽŸ]"
)
"""What real words do not have: undefined bytes, symbols and digits behind letters, capitals behind small letters."""


def _count_odd_characters(words: bytes, encoding: str) -> int:
    return len(_ODD_CHARACTERS.findall(words.decode(encoding, errors="replace")))


def _transcode(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same text in an encoding that begins with ASCII: UTF-16 and UTF-32 become UTF-8."""
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= _HEAD_BYTES:
            break
    encoding, mark = _detect_wide_encoding(head)
    body = itertools.chain([head[len(mark) :]], chunks)
    if not encoding:
        yield from body
        return
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    for chunk in body:
        yield decoder.decode(chunk).encode(errors="replace")
    yield decoder.decode(b"", final=True).encode(errors="replace")


def _detect_wide_encoding(head: bytes) -> tuple[str, bytes]:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return ("" if encoding == "utf-8" else encoding), mark
    half = len(head) // 2
    if half > 1 and head[1::2].count(0) > 0.6 * half and head[::2].count(0) < 0.1 * half:
        return "utf-16-le", b""
    if half > 1 and head[::2].count(0) > 0.6 * half and head[1::2].count(0) < 0.1 * half:
        return "utf-16-be", b""
    return "", b""


def _split_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        for piece in chunk.splitlines(keepends=True):
            if parts and parts[-1].endswith(b"\r") and piece != b"\n":
                yield b"".join(parts)
                parts.clear()
                size = 0
            parts.append(piece)
            size += len(piece)
            if piece.endswith(b"\n"):
                yield b"".join(parts) if len(parts) > 1 else piece
            elif size >= _MAX_LINE_BYTES and b"}" in piece:  # not within a character
                beginning, bracket, end = piece.rpartition(b"}")
                yield b"".join((*parts[:-1], beginning, bracket))
                parts[:] = [end]
                size = len(end)
                continue
            else:
                continue
            parts.clear()
            size = 0
    if parts:
        yield b"".join(parts)
