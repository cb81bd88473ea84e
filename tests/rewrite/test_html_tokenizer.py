import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.rewrite.html_places import examine_html
from clicktrail.rewrite.html_tokenizer import (
    ATTRIBUTE,
    HREF,
    Tag,
    decode_attribute_value,
    find_tags_by_token,
    find_tags_in_simple_html,
)
from tests.support.strategies import html_soups


def test_tag_has_its_own_and_its_containers_end() -> None:
    html = '<A HREF="1"><!--[if mso]><v:rect href="2"><![endif]-->'

    assert list(find_tags_by_token(html)) == [
        Tag("a", 2, 11, len(html), is_conditional=False),
        Tag("v:rect", html.index(" href"), html.index("><![endif]"), html.index("-->"), is_conditional=True),
    ]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (" a=\"1\" B='2' c=3/ d", [("a", "1"), ("B", "2"), ("c", "3/"), ("d", "")]),
        (' a="1"b=2', [("a", "1"), ("b", "2")]),
        ("/=a= b==c", [("=a", "b==c")]),
        (' a\n=\t"">', [("a", "")]),
    ],
)
def test_attributes_are_parsed(attributes: str, expected: list[tuple[str, str]]) -> None:
    assert [
        (name, double or single or unquoted) for name, double, single, unquoted in ATTRIBUTE.findall(attributes)
    ] == expected


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
def test_first_href_is_found(attributes: str, value: str | None) -> None:
    href = HREF.match(attributes)

    assert href
    assert (href[href.lastgroup] if href.lastgroup else None) == value


_PIECES = (
    *("<a href='1'>", '<A class="b"HREF = "2">', "<area href=3>", "<base href='4'>", "</a>", "<td>", "<br/>", "< "),
    *("<!--[if mso]>", "<![endif]-->", "<!--[if !mso]><!-->", "<!--[if !mso]><!-- -->", "<!--<![endif]-->", ">", "-"),
    *("<v:rect href='5'>", "<!-- <a href=no> -->", "<!-- x -", "-->", "<style>", "</style>", "<title>", "</title>"),
)


@pytest.mark.parametrize(
    "html",
    [
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML"><html xmlns:v="urn"><body style="a:b"><p>1 < 2 > 0, "x" <br/></p>',
        "<style type='text/css'><!-- td > p { content: \"a\" } --></style><a href='https://x.example/?a=b'>a</a>",
        "<!--[if mso | IE]><table><tr><td width=600><![endif]--><!-- a > b --><!--[if !mso]><!--><a><!--<![endif]-->",
    ],
)
def test_ordinary_markup_is_simple(html: str) -> None:
    assert examine_html(html).is_simple


@pytest.mark.parametrize(
    "html",
    [
        '<p title="a > b">',
        '<p title="<a href=no>">',
        "<p title='never closed>",
        '<p title = never" closed>',
        '<td a=b">',
        "<p <a href=1>",
        "<script>'<a href=no>'</script>",
        "<style><a></style>x</style><a href=1",
        "<!-- a -- b -->",
        "<!-->",
        "<!--[if mso]><p title='-->'><![endif]-->",
        "<!--[if mso]> a --> b <![endif]-->",
        "<!--[if mso]><!-- b --><![endif]-->",
        "</ a>",
        "<svg>",
        "<",
    ],
)
def test_ambiguous_markup_is_not_simple(html: str) -> None:
    assert not examine_html(html).is_simple


@given(st.one_of(html_soups(), st.lists(st.sampled_from(_PIECES), max_size=12).map("".join)))
def test_both_scanners_find_the_same_tags(html: str) -> None:
    if examine_html(html).is_simple:
        assert list(find_tags_by_token(html)) == list(find_tags_in_simple_html(html))


@pytest.mark.parametrize(
    ("value", "decoded"),
    [
        ("?a=1&amp;b=2", "?a=1&b=2"),
        ("?a=1&#38;b=2", "?a=1&b=2"),
        ("?a=1&#038;b=2", "?a=1&b=2"),
        ("?a=1&#x26;b=2", "?a=1&b=2"),
        ("?a=1&#X26b=2", "?a=1\u026b=2"),
        ("&amp;amp;", "&amp;"),
        ("?a=1&b=2", "?a=1&b=2"),
        ("?x&copy=2&reg=3&region=9&para=4", "?x&copy=2&reg=3&region=9&para=4"),
        ("?x&copy;2&copy", "?x©2©"),
        ("?x&copy&reg", "?x©®"),
        ("?x&notit;&notin;", "?x&notit;∉"),
        ("&nosuch; &nosuch", "&nosuch; &nosuch"),
        ("&#; &#x; &", "&#; &#x; &"),
    ],
)
def test_references_are_decoded_by_the_rules_for_attributes(value: str, decoded: str) -> None:
    assert decode_attribute_value(value) == decoded


@pytest.mark.parametrize(
    ("value", "decoded"),
    [
        ("&#0;", "\ufffd"),
        ("&#x0", "\ufffd"),
        ("\0", "\ufffd"),
        ("&#xD800;", "\ufffd"),
        ("&#1114112;", "\ufffd"),
        ("&#x10FFFF;", "\U0010ffff"),
        ("&#" + "9" * 5000 + ";", "\ufffd"),
        ("&#" + "0" * 5000 + "65;", "A"),
        ("&#128;&#x9F;&#129;", "€Ÿ\x81"),
    ],
)
def test_invalid_code_points_are_replaced(value: str, decoded: str) -> None:
    assert decode_attribute_value(value) == decoded
