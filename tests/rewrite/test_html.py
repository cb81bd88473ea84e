import pytest
from hypothesis import given

from clicktrail.rewrite.html import find_links
from tests.strategies import html_soups
from tests.whatwg import links


def hrefs(html: str) -> list[str]:
    """The text at the spans found."""
    return [html[found.start : found.end] for found in find_links(html)]


@pytest.mark.parametrize(
    ("html", "found"),
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
def test_reads_tags_as_a_browser_does(html: str, found: list[str]) -> None:
    """Only the href of a complete a or area tag counts, in every spelling of an attribute."""
    assert found == hrefs(html)


@pytest.mark.parametrize(
    ("html", "found"),
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
def test_skips_comments(html: str, found: list[str]) -> None:
    """Comments end where the standard says, however they are written."""
    assert found == hrefs(html)


@pytest.mark.parametrize(
    ("html", "found"),
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
def test_reads_conditional_comments_as_the_markup_they_hold(html: str, found: list[str]) -> None:
    """What Outlook shows is found, and nothing in it reaches beyond the comment's end."""
    assert found == hrefs(html)


@pytest.mark.parametrize(
    ("html", "found"),
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
def test_skips_raw_text(html: str, found: list[str]) -> None:
    """Style sheets, scripts, titles and the like hold no links, up to their own end tag."""
    assert found == hrefs(html)


def test_tells_the_value_and_the_attributes() -> None:
    """A find carries the decoded href and the tag's attributes, the first of a name only."""
    (found,) = find_links('<a HREF="?a&amp;b" ClickTracking=off clicktracking=on disabled>')
    assert "?a&b" == found.href
    assert {"href": "?a&amp;b", "clicktracking": "off", "disabled": ""} == found.attributes


def test_drops_what_a_url_parser_drops() -> None:
    """White space around a URL and line breaks in it are no part of it."""
    (found,) = find_links('<a href=" \r\nhttps://x.com/\n\ta b&#10;c ">')
    assert "https://x.com/a bc" == found.url


@given(html_soups())
def test_finds_what_the_standard_finds(soup: str) -> None:
    """On any soup of markup, the links are those of the WHATWG tokenizer, state by state."""
    assert links(soup) == [(found.start, found.end) for found in find_links(soup)]


@pytest.mark.parametrize(
    "piece",
    [
        *[
            "<",
            "<a",
            "<a ",
            "<a href=",
            '<a href="',
            "<a a=b ",
            "<x '",
            '<x "',
            "<x =",
            "<x/",
            "</",
            "</x ",
            "<!",
            "<?",
        ],
        *["<!--", "<!--[if a]>", "<!--[if", "<!-->", "<!---", "-->", "<style>", "<style", "<script><!--", "<script>"],
        *["<![if a]>", "<title>", "&amp", "&#", " ", "=", "'", '"', "<a href=x>", "<td a='b' c=\"d\">", "<p ='\">"],
    ],
)
@pytest.mark.timeout(60)
def test_five_megabytes_of_hostile_markup_end(piece: str) -> None:
    """A scan that took quadratic time would not come back from these before the timeout kills it."""
    soup = piece * (5_000_000 // len(piece))
    assert len(soup) >= sum(1 for _ in find_links(soup))
