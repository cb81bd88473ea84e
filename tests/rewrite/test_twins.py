import pytest

from clicktrail.rewrite.html import find_links
from clicktrail.rewrite.twins import first_of_twins

V = "<!--[if mso]><v:rect href='https://x.com/?a&amp;b'>Buy</v:rect><![endif]-->"
C = "<!--[if mso]><a href='https://x.com/?a&b'>Buy</a><![endif]-->"
B = "<!--[if mso]><v:rect href='https://x.com/?a&b'><a href='https://x.com/?a&b'>Buy</a></v:rect><![endif]-->"
A = "<![if !mso]><a href='https://x.com/?a&b'>Buy</a><![endif]>"
OTHER = "<a href='https://y.com'>Sell</a>"
FAR = " " * 3_000


@pytest.mark.parametrize(
    ("html", "firsts"),
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
def test_twins_are_told_by_place_and_destination(html: str, firsts: list[int]) -> None:
    """A button for Outlook and the one beside it for others; not two buttons that lead to the same page."""
    assert firsts == first_of_twins(find_links(html))
