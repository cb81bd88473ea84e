import pytest
from hypothesis import given

from clicktrail.model.link import LinkReason, Part
from clicktrail.rewrite import rewrite_html, rewrite_text
from clicktrail.rewrite.policy import PlainText, Policy
from tests.rewriting import untagged
from tests.strategies import text_soups

NAMED = Policy(tracking_domains=frozenset({"go.example.com"}), text=PlainText.NAMED)


def named(text: str) -> str:
    """A text with tracking URLs and the hosts beside them."""
    return rewrite_text(
        text, policy=NAMED, tag=untagged, tracking_url=lambda placed: f"https://go.example.com/{placed.position}"
    ).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See https://x.com/a.", "See https://go.example.com/0 (x.com)."),
        ("https://x.com:8080/\nb", "https://go.example.com/0 (x.com)\nb"),
        ("https://bücher.de", "https://go.example.com/0 (xn--bcher-kva.de)"),
        ("Shop <https://x.com/a>.", "Shop <https://go.example.com/0> (x.com)."),
        ("Shop (https://x.com/a).", "Shop (https://go.example.com/0) (x.com)."),
        ("(see https://x.com/a)", "(see https://go.example.com/0 (x.com))"),
        ('"https://x.com/a"', '"https://go.example.com/0" (x.com)'),
        ("[Shop](https://x.com/a)!", "[Shop](https://go.example.com/0) (x.com)!"),
        ('[Shop](https://x.com/a "Buy")', '[Shop](https://go.example.com/0 "Buy")'),
        ("[1]: https://x.com/a", "[1]: https://go.example.com/0 (x.com)"),
        ("https://x.com https://x.com", "https://go.example.com/0 (x.com) https://go.example.com/1 (x.com)"),
        ("https://x.com<https://x.com>", "https://go.example.com/0<https://go.example.com/1> (x.com)"),
        ("[https://x.com](https://x.com)", "[https://go.example.com/0](https://go.example.com/1) (x.com)"),
        (
            "[https://x.com](https://y.com)",
            "[https://go.example.com/0 (x.com)](https://go.example.com/1) (y.com)",
        ),
        ("https://x.com/unsubscribe", "https://x.com/unsubscribe"),
    ],
)
def test_the_host_stands_beside_the_tracking_url(text: str, expected: str) -> None:
    """Behind brackets that hold nothing else, so that they stay whole; once where a URL is the label of itself."""
    assert expected == named(text)


@given(text_soups())
def test_a_named_text_is_named_once(soup: str) -> None:
    """Read again, its links are tracked already, and nothing changes."""
    assert named(soup) == named(named(soup))


def test_links_of_html_are_not_named() -> None:
    """There a link's own text says where it leads."""
    result = rewrite_html(
        "<a href='https://x.com'>x</a>",
        policy=NAMED,
        tag=untagged,
        tracking_url=lambda _: "https://go.example.com/0",
    )
    assert "<a href='https://go.example.com/0'>x</a>" == result.text


def test_a_link_tells_the_host_and_its_place() -> None:
    """Its own span is the URL's alone."""
    (link,) = rewrite_text(
        "<https://x.com/a>", policy=NAMED, tag=untagged, tracking_url=lambda _: "https://go.example.com/0"
    ).links
    assert (1, 16, Part.TEXT, LinkReason.TRACKED) == (link.start, link.end, link.part, link.reason)
    assert ("x.com", 17, "https://go.example.com/0") == (link.host, link.host_at, link.url)
