import ada_url
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.rewrite.candidate import resolve_href


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("https://example.com/a", "https://example.com/a"),
        (" \x00\x1f https://example.com/a\n", "https://example.com/a"),
        ("https://exa\tmple.com/\r\na b", "https://example.com/a b"),
        ("\u00a0https://example.com/", "\u00a0https://example.com/"),
    ],
)
def test_href_is_stripped_like_a_url_parser(href: str, url: str) -> None:
    assert resolve_href(href) == url


@given(st.text(alphabet=st.sampled_from(" \t\r\n\x00ab/?#%é"), max_size=20))
def test_url_parser_reads_href_and_url_alike(rest: str) -> None:
    href = f"https://example.com/{rest}"

    assert ada_url.URL(href).href == ada_url.URL(resolve_href(href)).href
