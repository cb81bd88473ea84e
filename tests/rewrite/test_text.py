import pytest
from hypothesis import given

from clicktrail.rewrite.text import find_links
from tests.strategies import text_soups


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("See https://x.com/a.", ["https://x.com/a"]),
        ("See https://x.com/a, HTTP://y.com/b! and", ["https://x.com/a", "HTTP://y.com/b"]),
        ("(https://x.com/a)", ["https://x.com/a"]),
        ("(see https://x.com/a).", ["https://x.com/a"]),
        ("https://en.wikipedia.org/wiki/A_(b)", ["https://en.wikipedia.org/wiki/A_(b)"]),
        ("Label ( https://x.com/a )", ["https://x.com/a"]),
        ("[text](https://x.com/a)", ["https://x.com/a"]),
        ("[https://x.com](https://y.com)", ["https://x.com", "https://y.com"]),
        ("<https://x.com/a>", ["https://x.com/a"]),
        ("<https://x.com/a.>", ["https://x.com/a."]),
        ("<https://x.com/long\nline>", []),
        ('"https://x.com/a"', ["https://x.com/a"]),
        ("“https://x.com/a”", ["https://x.com/a"]),
        ("https://x.com/a。次", ["https://x.com/a"]),
        (
            "https://x.com/?t=ab== https://x.com/a_ https://x.com/b- https://x.com/c/",
            [
                "https://x.com/?t=ab==",
                "https://x.com/a_",
                "https://x.com/b-",
                "https://x.com/c/",
            ],
        ),
        ("https://bücher.de/é", ["https://bücher.de/é"]),
        ("https://x.com/?u=https://y.com/", ["https://x.com/?u=https://y.com/"]),
        ("xhttps://x.com ftp://y.com www.z.com", []),
        ("https:// http://.", []),
        ("https://x.com/a?b[]=1&c={d}", ["https://x.com/a?b[]=1&c={d}"]),
    ],
)
def test_ends_a_url_where_a_reader_does(text: str, found: list[str]) -> None:
    """The punctuation and the brackets of the sentence around a URL are not part of it."""
    assert found == [link.href for link in find_links(text)]


def test_leaves_quoted_replies_alone() -> None:
    """Lines that begin with > belong to somebody else's message."""
    text = "https://a.com\n> https://b.com\r\n >> https://c.com\nhttps://d.com"
    assert ["https://a.com", "https://d.com"] == [link.href for link in find_links(text)]


def test_leaves_the_signature_alone() -> None:
    """It begins with a line of two hyphens and a space; other dashes are none."""
    text = "--\nhttps://a.com\n -- \n--  \nhttps://b.com\r\n-- \r\nhttps://c.com\n\nhttps://d.com"
    assert ["https://a.com", "https://b.com"] == [link.href for link in find_links(text)]


@given(text_soups())
def test_every_find_is_a_url_in_its_place(soup: str) -> None:
    """Finds are in order, do not overlap, and begin with a scheme."""
    at = 0
    for link in find_links(soup):
        assert at <= link.start < link.end
        assert link.href == soup[link.start : link.end]
        assert link.href.lower().startswith(("https://", "http://"))
        at = link.end


@pytest.mark.parametrize(
    "piece", ["https://a(", "https://a)", "https://", "(", "https://a[", "> ", "\n>", "h", ".", "http://a."]
)
@pytest.mark.timeout(20)
def test_five_megabytes_of_hostile_text_end(piece: str) -> None:
    """A search that took quadratic time would not come back from these before the timeout kills it."""
    soup = "https://x.com/" + piece * (5_000_000 // len(piece))
    assert len(soup) >= sum(1 for _ in find_links(soup))
