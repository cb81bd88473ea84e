import pytest
from hypothesis import given

from clicktrail.model.link import Element, Location
from clicktrail.rewrite.html_links import find_first_alternates, find_links
from clicktrail.rewrite.html_tokenizer import ATTRIBUTE, find_tags_by_token
from tests.support.strategies import html_soups
from tests.support.whatwg import find_link_spans


def hrefs(html: str) -> list[str]:
    return [html[link.start : link.end] for link in find_links(html)]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href="https://x.com">', ["https://x.com"]),
        ("<a href='https://x.com/\"q\"'>", ['https://x.com/"q"']),
        ('<a href="https://x.com/Jack+Astor\'s+Bar">', ["https://x.com/Jack+Astor's+Bar"]),
        ("<a href=https://x.com/p/>", ["https://x.com/p/"]),
        ("<A CLASS=b\n HREF = \n'https://x.com'>", ["https://x.com"]),
        ('<a/href="1"/>', ["1"]),
        ('<a title="a > b" href="1">', ["1"]),
        ('<a title=\'<a href="no">\' href="1">', ["1"]),
        ('<a data-href="no" href="#">', ["#"]),
        ('<a href="1" href="2">', ["1"]),
        ('<a ="x" href="1">', ["1"]),
        ('<a title="x"href="1">', ["1"]),
        ('<a href="https://x.com/share?href=http://y.com/">', ["https://x.com/share?href=http://y.com/"]),
        ('<a href=" https://x.com/\n a ">', [" https://x.com/\n a "]),
        ('<area shape="rect" href="1">', ["1"]),
        ("<a href><a href=>", ["", ""]),
        ("<a name=x>", []),
        ('<abbr href="no"><article href="no"><a:b href="no">', []),
        ('<link href="no"><base href="no"><form action="no"><img src="no"><image xlink:href="no">', []),
        ('<p title="<a href=no>">', []),
        ("<p ='<a href=no>", []),
        ("<p ='>'<a href=1>", ["1"]),
        ('< a href="no">', []),
        ('</a href="no">', []),
        ('<a href="no', []),
        ('<a href="no"', []),
        ('<a href="no>', []),
        ('<p title="never closed><a href="1">', []),
    ],
)
def test_tags_are_parsed_like_in_a_browser(html: str, expected: list[str]) -> None:
    assert hrefs(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<!-- <a href="no"> --><a href="1">', ["1"]),
        ('<!--><a href="1">-->', ["1"]),
        ('<!---><a href="1">-->', ["1"]),
        ('<!-- --!><a href="1">', ["1"]),
        ('<!-- -- > <a href="no">', []),
        ('<!-- <!-- --><a href="1">', ["1"]),
        ('<? <a href="no">', []),
        ('<!x "><a href="1">', ["1"]),
        ('</ ><a href="1">', ["1"]),
        ('<!DOCTYPE html PUBLIC "-//W3C//DTD"><a href="1">', ["1"]),
    ],
)
def test_comments_are_skipped(html: str, expected: list[str]) -> None:
    assert hrefs(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<!--[if mso]><a href="1"><![endif]--><a href="2">', ["1", "2"]),
        ('<!--[if (gte mso 9)|(IE)]><a href="1"></a><![endif]--><a href="2">', ["1", "2"]),
        ('<!--[if !mso]><!--><a href="1"><!--<![endif]--><a href="2">', ["1", "2"]),
        ('<!--[if !mso]> --><a href="1"><!-- <![endif]--><a href="2">', ["1", "2"]),
        ('<![if !mso]><a href="1"><![endif]>', ["1"]),
        ('<!--[if mso]><p title="<![endif]--><a href="2">', ["2"]),
        ('<!--[if mso]><style><![endif]--><a href="2">', ["2"]),
        ('<!--[if mso]><!-- <a href="no"> <![endif]--><a href="2">', ["2"]),
        ('<!--[if mso]><V:roundrect href="1"></v:roundrect><![endif]--><v:rect href="no">', ["1"]),
        ('<!-- if mso --><a href="1">', ["1"]),
    ],
)
def test_conditional_comments_are_parsed_as_markup(html: str, expected: list[str]) -> None:
    assert hrefs(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<style>a { content: "<a href=no>" }</style><a href="1">', ["1"]),
        ('<title><a href="no"></title ><a href="1">', ["1"]),
        ('<TEXTAREA rows=2><a href="no"></TextArea><a href="1">', ["1"]),
        ('<style/><a href="no"></styled></style><a href="1">', ["1"]),
        ('<script>"<a href=no>"</script><a href="1">', ["1"]),
        ('<script><!-- <script></script><a href="no"> --></script><a href="1">', ["1"]),
        ('<script><!--></script><a href="1">', ["1"]),
        ('<script><!-- <script></script><a href="no"></script><a href="1">', ["1"]),
        ('<noscript><a href="1"></noscript>', ["1"]),
        ('<plaintext><a href="no"></plaintext><a href="no">', []),
        ('<style><a href="no">', []),
        ('<\u017fcript><a href="1"></script>', ["1"]),
    ],
)
def test_raw_text_is_skipped(html: str, expected: list[str]) -> None:
    assert hrefs(html) == expected


def test_tag_with_more_than_1000_attributes_is_no_link() -> None:
    assert ["1"] == hrefs("<a href=1" + " a" * 999 + ">")
    assert [] == hrefs("<a href=1" + " a" * 1_000 + ">")
    assert ["x" * 2_000] == hrefs("<a href=" + "x" * 2_000 + ">")


def test_candidate_has_href_and_attributes() -> None:
    (link,) = find_links('<a HREF="?a&amp;b" ClickTracking=off clicktracking=on disabled>')
    assert link.href == "?a&b"
    assert link.attributes == {"clicktracking": "off", "disabled": ""}


@pytest.mark.parametrize("href", ['href="1"', "href=''", "href", "href=1/", "HREF = 'a b'"])
def test_attributes_around_any_href(href: str) -> None:
    links = find_links(f"<a class=a {href} id=b><a class=c {href} id=d>")
    assert [link.attributes for link in links] == [{"class": "a", "id": "b"}, {"class": "c", "id": "d"}]


@given(html_soups())
def test_attributes_equal_those_of_the_whole_tag(soup: str) -> None:
    attributes = []
    for tag in find_tags_by_token(soup):
        values = {
            name.lower(): "".join(groups) for name, *groups in reversed(ATTRIBUTE.findall(soup, tag.start, tag.end))
        }
        if "href" in values and tag.name != "base":
            del values["href"]
            attributes.append(values)
    assert [link.attributes for link in find_links(soup)] == attributes


def test_url_is_stripped_like_in_a_url_parser() -> None:
    (link,) = find_links('<a href=" \r\nhttps://x.com/\n\ta b&#10;c ">')
    assert link.url == "https://x.com/a bc"


@given(html_soups())
def test_links_equal_those_of_the_standard_tokenizer(soup: str) -> None:
    assert find_link_spans(soup) == [(link.start, link.end) for link in find_links(soup)]


def element_and_label(html: str) -> tuple[Element, str]:
    found = find_links(html)[0]
    return found.element, found.label


@pytest.mark.parametrize(
    ("html", "label"),
    [
        ("<a href=1>Read  more\n</a>x", "Read more"),
        ("<a href=1>Fish &amp; chips</a>", "Fish & chips"),
        ("<a href=1><b>Buy</b><!-- no --> it</A >", "Buy it"),
        ("<a href=1><!--[if mso]><i>no</i><![endif]-->Buy&nbsp;it</a>", "Buy it"),
        ("<a href=1>a\u200bb</a>", "ab"),
        ("<a href=1>one<a href=2>two</a>", "one"),
        ("<a href=1 data-clicktrail-label='My &amp; name'>x</a>", "My & name"),
        (f"<a href=1>{'x' * 200}</a>", "x" * 100),
        ("<a href=1>never closed", "never closed"),
        ("<a href=1></a>", ""),
        ("<!--[if mso]><v:rect href=1><center>Buy</center></v:rect><![endif]-->", "Buy"),
    ],
)
def test_label_is_the_visible_text(html: str, label: str) -> None:
    assert element_and_label(html)[1] == label


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href=1><img src=x alt="Our &quot;logo&quot;"></a>', (Element.IMAGE, 'Our "logo"')),
        ("<a href=1><IMG alt=Logo src=x></a>", (Element.IMAGE, "Logo")),
        ("<a href=1><img src=x></a>", (Element.IMAGE, "")),
        ("<a href=1><img src=x alt=no>Text</a>", (Element.TEXT, "Text")),
        ("<map><area href=1 alt=Map></map>", (Element.IMAGE, "Map")),
        ('<a href=1 class="btn-primary">Buy</a>', (Element.BUTTON, "Buy")),
        ('<a href=1 role="button">Buy</a>', (Element.BUTTON, "Buy")),
        ('<a href=1 style="background-color:red;padding:4px">Buy</a>', (Element.BUTTON, "Buy")),
        ('<a href=1 style="color:red">Buy</a>', (Element.TEXT, "Buy")),
        ("<!--[if mso]><v:shape href=1></v:shape><![endif]-->", (Element.BUTTON, "")),
    ],
)
def test_element_is_the_visual_kind(html: str, expected: tuple[Element, str]) -> None:
    assert element_and_label(html) == expected


FILLER = "<div>words</div>" * 100
LETTER = f"<body>{{}}<h1>Hello</h1>{FILLER}<a href=middle>x</a>{FILLER}{{}}</body>"


def locations(header: str, footer: str) -> list[Location]:
    """Locations of a letter's links, without the one in its middle."""
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
def test_link_before_the_content_is_in_the_header(header: str) -> None:
    assert locations(header, "") == [Location.HEADER]


@pytest.mark.parametrize("header", ["<a href=1>Shop</a>", "<style>.header{}</style><a href=1>Shop</a>"])
def test_plain_text_link_at_the_start_is_not_in_the_header(header: str) -> None:
    assert locations(header, "") == [Location.BODY]


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
def test_footer_is_found_by_keyword(footer: str) -> None:
    assert locations("", footer) == [Location.FOOTER]


def test_keyword_in_the_text_is_not_a_footer() -> None:
    assert locations("", "footer<a href=1>x</a>") == [Location.BODY]


V = "<!--[if mso]><v:rect href='https://x.com/?a&amp;b'>Buy</v:rect><![endif]-->"
C = "<!--[if mso]><a href='https://x.com/?a&b'>Buy</a><![endif]-->"
B = "<!--[if mso]><v:rect href='https://x.com/?a&b'><a href='https://x.com/?a&b'>Buy</a></v:rect><![endif]-->"
A = "<![if !mso]><a href='https://x.com/?a&b'>Buy</a><![endif]>"
OTHER = "<a href='https://y.com'>Sell</a>"
FAR = " " * 3_000


@pytest.mark.parametrize(
    ("html", "first_alternates"),
    [
        (V + A, [0, 0]),
        (A + V, [0, 0]),
        (C + A, [0, 0]),
        (B + A, [0, 0, 0]),
        (V + A + V + A, [0, 0, 2, 2]),
        (A + V + A, [0, 1, 1]),
        (A + A, [0, 1]),
        (V + V, [0, 1]),
        (V + OTHER, [0, 1]),
        (V + OTHER + A, [0, 1, 2]),
        (V + FAR + A, [0, 1]),
        ("", []),
    ],
)
def test_alternates_have_the_same_url_and_follow_each_other(html: str, first_alternates: list[int]) -> None:
    assert find_first_alternates(find_links(html)) == first_alternates
