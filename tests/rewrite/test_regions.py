import pytest

from clicktrail.model.link import Location
from clicktrail.rewrite.html import find_links

FILLER = "<div>words</div>" * 100
LETTER = f"<body>{{}}<h1>Hello</h1>{FILLER}<a href=middle>x</a>{FILLER}{{}}</body>"


def locations(header: str, footer: str) -> list[Location]:
    """Where the links of a letter stand, apart from the one in its middle."""
    first, *others = find_links(LETTER.format(header, footer))
    return [link.location for link in (first, *others) if link.href != "middle"]


@pytest.mark.parametrize(
    "header",
    [
        "<a href=1><img alt=Logo></a>",
        "<a href=1>View in browser</a>",
        "<header><a href=1>Shop</a></header>",
        "<nav><a href=1>Shop</a></nav>",
        "<table class='preheader'><a href=1>Shop</a></table>",
        "<!-- HEADER --><a href=1>Shop</a>",
    ],
)
def test_a_header_is_what_stands_before_the_content(header: str) -> None:
    """A logo, a link to the page on the web, or whatever stands in what is called a header."""
    assert [Location.HEADER] == locations(header, "")


@pytest.mark.parametrize("header", ["<a href=1>Shop</a>", "<style>.header{}</style><a href=1>Shop</a>"])
def test_text_at_the_beginning_is_no_header_by_itself(header: str) -> None:
    """A letter may begin with a link."""
    assert [Location.BODY] == locations(header, "")


@pytest.mark.parametrize(
    "footer",
    [
        "<footer><a href=1>x</a>",
        "<td class='page-Footer'><a href=1>x</a>",
        "<!-- FOOTER --><a href=1>x</a>",
        "<a href=1>Unsubscribe</a>",
        "<a href='/unsubscribe'>x</a>",
    ],
)
def test_a_footer_is_what_calls_itself_so(footer: str) -> None:
    """In the second half: a tag or comment with the word, else the link to unsubscribe."""
    assert [Location.FOOTER] == locations("", footer)


def test_a_word_in_the_text_is_no_footer() -> None:
    """Only tags and comments count."""
    assert [Location.BODY] == locations("", "footer<a href=1>x</a>")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("mark", ["ooter", "OOTER", "eader", "<nav", "nsubscribe", "<h1"])
def test_five_megabytes_of_marks_end(mark: str) -> None:
    """Marks are looked at so many times and no more."""
    assert [] == find_links(mark * 1_000_000)
