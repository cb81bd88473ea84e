import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.wrapped_urls import find_pasted_url

URL = "https://links.example.com/AbC-dEf_123?x=1&y=2"
LONG = "https://links.example.com/" + "AbC-dEf_123" * 12


@pytest.mark.parametrize(
    "text",
    [
        *(
            "{}",
            " {} ",
            "{}\n",
            "{}+",
            "{}.",
            "{},",
            "{};",
            "{}!",
            "{}...",
            "{}…",
            "{}。",
            "<{}>",
            "<{}>.",
            "\ufeff{}\u200b",
        ),
        *('"{}"', "'{}'", "“{}”", "„{}“", "«{}»", "`{}`", "({})", "(see {}).", "[{}]", "{}]", "[{}]({})", "[text]({})"),
        *("URL: {}", "URL:{}", "Look: {} fails", "> {}", "> > {}", "| {}", '<a href="{}">x</a>', "href='{}'", "**{}**"),
        *("{}\n\nThanks", "{}\nThanks", "{}\nThanks, Ann", "{}\nhttps://other.example/", "{} {}", "text <{}> text"),
    ],
)
def test_surroundings_are_left_out(text: str) -> None:
    assert find_pasted_url(text.replace("{}", URL)) == URL


@pytest.mark.parametrize(
    "separator", ["\n", "\r\n", "\n ", "\n> ", "\r\n> > ", "=\n", "= \r\n", "\n\t", "\u200b", "\u00ad", "\u2060"]
)
@pytest.mark.parametrize("index", [30, 60, 100])
def test_wrapped_lines_are_joined(separator: str, index: int) -> None:
    assert find_pasted_url(f"> {LONG[:index]}{separator}{LONG[index:]}") == LONG


def test_every_line_may_be_wrapped() -> None:
    lines = [LONG[start : start + 50] for start in range(0, len(LONG), 50)]
    assert find_pasted_url("<" + "\n".join(lines) + ">") == LONG


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://x.example/?a=3Db&c=3Dd", "https://x.example/?a=b&c=d"),
        ("https://x.example/?a=3D=\nb&c=3Dd", "https://x.example/?a=b&c=d"),
        ("https://x.example/?film=3D", "https://x.example/?film=3D"),
        ("https://x.example/?a=\nb&c=d", "https://x.example/?a=b&c=d"),
        ("https://x.example/?a&amp;b&#38;c", "https://x.example/?a&b&c"),
        ("https://x.example/?a&copy=1", "https://x.example/?a&copy=1"),
        ("hxxps://x[.]example/a", "https://x.example/a"),
        ("hxxp[:]//x(.)example/a", "http://x.example/a"),
        ("https://x.example/a_(b)", "https://x.example/a_(b)"),
        ("(https://x.example/a_(b))", "https://x.example/a_(b)"),
        ("https://x.example/a-", "https://x.example/a-"),
        ("https://x.example/?id={{id}}", "https://x.example/?id={{id}}"),
        ("HTTPS://X.example/", "HTTPS://X.example/"),
        ("no link", ""),
        ("mailto:a@b.example", ""),
        ("", ""),
    ],
)
def test_pasted_urls(text: str, url: str) -> None:
    assert find_pasted_url(text) == url


@given(st.text(alphabet="https://.[]()<>='\n\r >ab3D") | st.text())
def test_no_text_raises(text: str) -> None:
    find_pasted_url(text)
    find_pasted_url(f"https://x.example/{text}")
