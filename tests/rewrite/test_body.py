from hypothesis import given

from clicktrail.rewrite import rewrite_html, rewrite_text
from tests.rewriting import POLICY, replaced, tracking_url, untagged
from tests.strategies import html_soups, text_soups


def test_rewrites_html() -> None:
    """Only the attribute's value changes, whatever its quoting."""
    html = "<a href='https://x.com/?a&amp;b'>x</a> <A HREF = https://y.com>y <a href=mailto:a@b>"
    result = rewrite_html(
        html, policy=POLICY, tag=untagged, tracking_url=lambda p: f"https://go.example.com/{p.position}"
    )
    assert (
        "<a href='https://go.example.com/0'>x</a> <A HREF = https://go.example.com/1>y <a href=mailto:a@b>"
        == result.text
    )
    assert ["https://x.com/?a&b", "https://y.com", ""] == [link.destination for link in result.links]


def test_rewrites_text() -> None:
    """Only the URL changes."""
    result = rewrite_text(
        "See https://x.com/a.\n> https://y.com\n",
        policy=POLICY,
        tag=untagged,
        tracking_url=lambda p: f"https://go.example.com/{p.position}",
    )
    assert "See https://go.example.com/0.\n> https://y.com\n" == result.text


@given(html_soups())
def test_html_outside_of_tracked_links_stays(soup: str) -> None:
    """The result is the body with the reported spans replaced by the reported URLs."""
    result = rewrite_html(soup, policy=POLICY, tag=untagged, tracking_url=tracking_url)
    assert replaced(soup, result.links) == result.text


@given(html_soups())
def test_rewritten_html_has_the_same_links_in_the_same_places(soup: str) -> None:
    """Read again, each tracked link is a link to its tracking URL, and no other has come or gone."""
    result = rewrite_html(soup, policy=POLICY, tag=untagged, tracking_url=tracking_url)
    again = rewrite_html(result.text, policy=POLICY, tag=untagged, tracking_url=tracking_url)
    assert [link.url or link.href for link in result.links] == [link.href for link in again.links]
    assert result.text == again.text


@given(text_soups())
def test_text_outside_of_tracked_links_stays(soup: str) -> None:
    """The result is the body with the reported spans replaced by the reported URLs."""
    result = rewrite_text(soup, policy=POLICY, tag=untagged, tracking_url=tracking_url)
    assert replaced(soup, result.links) == result.text
