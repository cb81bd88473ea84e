import pytest
from hypothesis import given

from clicktrail.model.consent import Consent
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


@pytest.mark.parametrize(
    ("href", "written"),
    [
        ("'https://x.com/?a&amp;b'", "'https://x.com/?a&amp;b&amp;utm'"),
        ("https://x.com/?a", "https://x.com/?a&amp;utm"),
        ('"https://x.com/?\'é b"', '"https://x.com/?&#39;&#233;&#32;b&amp;utm"'),
        ("mailto:a@b", "mailto:a@b"),
    ],
)
def test_without_consent_links_stay_plain_and_get_their_utm_parameters(href: str, written: str) -> None:
    """The destination stands where it stood, written so that every quoting and charset holds it."""
    result = rewrite_html(
        f"<a href={href}>",
        policy=POLICY.for_consent(Consent.DENIED),
        tag="{0.url}&utm".format,
        tracking_url=tracking_url,
    )
    assert f"<a href={written}>" == result.text
    assert [False] == [link.tracked for link in result.links]
