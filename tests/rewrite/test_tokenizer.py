import pytest

from clicktrail.rewrite.tokenizer import ATTRIBUTE, HREF, Tag, find_tags


def test_tells_where_a_tag_and_what_it_stands_in_end() -> None:
    """The document, or the conditional comment around the tag."""
    html = '<A HREF="1"><!--[if mso]><v:rect href="2"><![endif]-->'

    assert [
        Tag("a", 2, 11, len(html), conditional=False),
        Tag("v:rect", html.index(" href"), html.index("><![endif]"), html.index("-->"), conditional=True),
    ] == list(find_tags(html))


@pytest.mark.parametrize(
    ("attributes", "found"),
    [
        (" a=\"1\" B='2' c=3/ d", [("a", "1"), ("B", "2"), ("c", "3/"), ("d", "")]),
        (' a="1"b=2', [("a", "1"), ("b", "2")]),
        ("/=a= b==c", [("=a", "b==c")]),
        (' a\n=\t"">', [("a", "")]),
    ],
)
def test_reads_attributes(attributes: str, found: list[tuple[str, str]]) -> None:
    """In every spelling, the value in one of three groups."""
    assert found == [(name, double or single or bare) for name, double, single, bare in ATTRIBUTE.findall(attributes)]


@pytest.mark.parametrize(
    ("attributes", "value"),
    [
        (' href="1" href="2"', "1"),
        (" hrefs='no' title=\"href='no'\" HREF = '1'", "1"),
        (" x=href=no href=1/", "1/"),
        (" href", None),
        (" href= ", None),
    ],
)
def test_finds_the_first_href(attributes: str, value: str | None) -> None:
    """And nothing that only looks like one."""
    href = HREF.match(attributes)

    assert href
    assert value == (href[href.lastgroup] if href.lastgroup else None)
