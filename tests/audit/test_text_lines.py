from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.audit.text_lines import read_text_lines


def read(chunks: Iterable[bytes]) -> tuple[str, str, list[int]]:
    """Text, guessed encoding, and numbers of unreadable lines."""
    guesses: list[str] = []
    unreadable: list[int] = []
    lines = read_text_lines(
        chunks, on_guess=guesses.append, on_unreadable=lambda number, _error: unreadable.append(number)
    )
    return "".join(lines), "".join(guesses), unreadable


HEADING = "type,at,campaign\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8"])
def test_unicode_is_recognised(encoding: str) -> None:
    text = HEADING + "click,2026-11-18,Größe 日時 ✓\r\n" * 50
    assert read([text.encode(encoding)]) == (text, "", [])


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Grüße", "cp1252"),
        ("Größe", "cp1252"),
        ("Müller GmbH, naïve café “quoted” 5 €", "cp1252"),
        ("Été à Besançon, cœur", "cp1252"),
        ("Niño, mañana, ¿qué?", "cp1252"),
        ("Zażółć gęślą jaźń", "cp1250"),
        ("Grüße, Größe, Müller", "mac_roman"),
        ("Grüße, Größe, Müller", "cp850"),
        ("Зимняя распродажа", "cp1251"),
        ("Зимняя распродажа, Новости компании, Ссылка на письмо, Тема, Отправлено вчера вечером", "koi8_r"),
        ("日時,メールアドレス,リンク", "cp932"),
        ("冬のセール,日時,メールアドレス", "euc_jp"),
        ("冬季促销,收件人地址,点击链接,活动名称", "gb18030"),
        ("冬季促銷,收件人地址,點擊連結,活動名稱", "big5"),
        ("겨울 세일, 받는 사람", "cp949"),
        ("Χειμερινές εκπτώσεις", "cp1253"),
    ],
)
def test_older_encoding_is_guessed(text: str, encoding: str) -> None:
    body = HEADING + "delivered,2026-11-18,winter\n" * 30 + f"click,2026-11-18,{text}\n"
    decoded, _guess, unreadable = read([body.encode(encoding)])
    assert (decoded, unreadable) == (body, [])


def test_iso_2022_jp_is_recognised() -> None:
    assert read(["日時\n".encode("iso2022_jp")]) == ("日時\n", "iso2022_jp", [])


def test_damaged_line_of_utf_8_is_reported() -> None:
    text = "Größe\n".encode()
    assert read([text, b"Gr\xf6\xdfe\n", text]) == ("Größe\n\nGröße\n", "", [2])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str) -> None:
    lines = list(
        read_text_lines(
            [f"a{end}b{end}".encode(), f"c{end}".encode()], on_guess=lambda _: None, on_unreadable=lambda _, __: None
        )
    )
    assert lines == [f"{name}{end}" for name in "abc"]


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 7))
def test_chunks_do_not_matter(text: str, size: int) -> None:
    content = text.removeprefix("\ufeff").encode()
    chunks = [content[start : start + size] for start in range(0, len(content), size)]
    assert read(chunks)[0] == read([content])[0]


@given(st.binary())
def test_any_bytes_are_text(content: bytes) -> None:
    read([content])
