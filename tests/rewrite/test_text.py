import pytest
from hypothesis import given

from clicktrail.model.link import LinkReason
from clicktrail.rewrite.flowed import Flow
from clicktrail.rewrite.text import find_links
from tests.rewriting import POLICY
from tests.strategies import text_soups


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("See https://x.com/a.", ["https://x.com/a"]),
        ("See https://x.com/a, HTTP://y.com/b! and", ["https://x.com/a", "HTTP://y.com/b"]),
        ("(https://x.com/a)", ["https://x.com/a"]),
        ("(see https://x.com/a).", ["https://x.com/a"]),
        ("https://en.wikipedia.org/wiki/A_(b)", ["https://en.wikipedia.org/wiki/A_(b)"]),
        ("(https://x.com/A_(B_(C))/)", ["https://x.com/A_(B_(C))/"]),
        ("\u2066https://x.com/a\u2069", ["https://x.com/a"]),
        ("Label ( https://x.com/a )", ["https://x.com/a"]),
        ("[text](https://x.com/a)", ["https://x.com/a"]),
        ("[https://x.com](https://y.com)", ["https://x.com", "https://y.com"]),
        ("<https://x.com/a>", ["https://x.com/a"]),
        ("<https://x.com/a.>", ["https://x.com/a."]),
        ("<https://x.com/long\nline>", []),
        ("<https://x.com/?u=\r\n b=https://y.com/> https://z.com", ["https://z.com"]),
        ("https://x.com. a <", ["https://x.com"]),
        ("https://x.com/a—or", ["https://x.com/a"]),
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
        ("https://x.com/a's shop, https://y.com's.", ["https://x.com/a", "https://y.com"]),
        ("https://x.com/Jack's+Bar 'https://y.com/a'", ["https://x.com/Jack's+Bar", "https://y.com/a"]),
        ("https://x.com/'b' https://x.com/\"b\"c", ["https://x.com/'b'", 'https://x.com/"b"c']),
        ('"https://x.com/a"or"b"', ["https://x.com/a"]),
        ('https://x.com/a","https://y.com/b', ["https://x.com/a", "https://y.com/b"]),
    ],
)
def test_ends_a_url_where_a_reader_does(text: str, found: list[str]) -> None:
    """The punctuation and the brackets of the sentence around a URL are not part of it."""
    assert found == [link.href for link in find_links(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("詳細はhttps://x.com/aとhttps://y.com/b。", ["https://x.com/a", "https://y.com/b"]),
        ("http://y.exampleと*https://x.example/a", ["http://y.example", "https://x.example/a"]),
        ("https://x.com/aと(https://y.com/b)", ["https://x.com/a", "https://y.com/b"]),
        ("http://日本.jp/a한국http://y.com", ["http://日本.jp/a", "http://y.com"]),
        ("https://x.comをご覧、https://www.y.com한국/", ["https://x.com", "https://www.y.com"]),
        (
            "https://ja.example/wiki/C言語 http://日本語x.com/é",
            ["https://ja.example/wiki/C言語", "http://日本語x.com/é"],
        ),
        ("https://a.example/web/https://x.com/é", ["https://a.example/web/https://x.com/é"]),
    ],
)
def test_tells_a_url_from_text_without_spaces_where_that_is_sure(text: str, found: list[str]) -> None:
    """Before another URL, and behind a top-level domain in Latin letters; elsewhere it may be part of the path."""
    assert found == [link.href for link in find_links(text)]


@pytest.mark.parametrize(
    "url",
    [
        "https://x.com/?n={{ first_name }}&b=1",
        "https://x.com/{{{id}}}",
        "https://{{domain}}/a",
        "https://x.com/?a={% if b %}c{% endif %}",
        "https://x.com/?n=<%= name %>",
        "https://x.com/[[ID]]/a",
        "https://x.com/*|ID|*/a",
        "https://x.com/%name%/a",
    ],
)
def test_a_merge_tag_is_taken_whole(url: str) -> None:
    """Whoever fills it puts a part of the URL there, and the policy sees that."""
    (link,) = find_links(f"See {url}, or {{{{ this }}}}.")
    assert (url, LinkReason.MERGE_TAG) == (link.href, POLICY.judge(link).reason)


@pytest.mark.parametrize(
    ("flow", "found"),
    [
        (Flow.FIXED, [("https://x.com/lo", "https://x.com/lo")]),
        (Flow.FLOWED, [("https://x.com/lo", "https://x.com/lo"), ("https://y.com/long", "https://y.com/lo \r\n ng")]),
        (
            Flow.DELSP,
            [("https://x.com/long", "https://x.com/lo \r\nng"), ("https://y.com/long", "https://y.com/lo \r\n ng")],
        ),
    ],
)
def test_a_url_that_is_broken_over_flowed_lines_is_one_link(flow: Flow, found: list[tuple[str, str]]) -> None:
    """Its href is whole, its span holds the break."""
    text = "See https://x.com/lo \r\nng\r\nand <https://y.com/lo \r\n ng>."
    assert found == [(link.href, text[link.start : link.end]) for link in find_links(text, flow)]


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
    "piece",
    [
        *["https://a(", "https://a)", "https://", "(", "https://a[", "> ", "\n>", "h", ".", "http://a."],
        *[
            "'",
            "'s",
            '"a',
            '"a"',
            "と",
            "xと",
            "https://a.comと",
            "a.comと.",
            "a \n",
            " \n",
            "<https://a \n",
            "<http://a\n",
        ],
        *["{{", "{{a}}", "{%", "<%", "[[", "{{{", "}}"],
        *["(a)", "((a)", "https://a((a)", "https://a(a"],
    ],
)
@pytest.mark.timeout(20)
def test_two_megabytes_of_hostile_text_end(piece: str) -> None:
    """A search that took quadratic time would not come back from these before the timeout kills it."""
    soup = "<https://x.com/" + piece * (2_000_000 // len(piece))
    for flow in Flow:
        assert len(soup) >= sum(1 for _ in find_links(soup, flow))
