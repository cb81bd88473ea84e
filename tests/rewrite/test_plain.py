import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.rewrite import plain, tokenizer
from clicktrail.rewrite.plain import is_plain
from tests.strategies import html_soups

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
def test_ordinary_markup_is_plain(html: str) -> None:
    """Doctypes, style sheets, comments for Outlook, and signs of their own in the text."""
    assert is_plain(html)


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
def test_what_could_be_read_in_two_ways_is_not(html: str) -> None:
    """A sign of markup in a value, in raw text or in a comment for Outlook; scripts, and whatever does not end."""
    assert not is_plain(html)


@given(st.one_of(html_soups(), st.lists(st.sampled_from(_PIECES), max_size=12).map("".join)))
def test_links_of_plain_documents_are_those_of_all_others(html: str) -> None:
    """Where a document is plain, the tokenizer finds the same tags in it."""
    if is_plain(html):
        assert list(tokenizer.find_tags(html)) == list(plain.find_tags(html))
