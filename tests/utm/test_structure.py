import pytest

from clicktrail.utm import structure
from clicktrail.utm.query import take_apart

MANY = 50_000
"""Parameters; the time of a test is limited, and what grew with their square would not end in it."""


@pytest.mark.parametrize(
    ("url", "faults", "straight"),
    [
        ("https://x.com/?a=1&utm_source=b#c", "", "https://x.com/?a=1&utm_source=b#c"),
        ("https://x.com/?a=1&amp;utm_source=b", "&", "https://x.com/?a=1&utm_source=b"),
        ("https://x.com/?a=1&amp;amp;b=2", "&", "https://x.com/?a=1&b=2"),
        ("https://x.com/?a=1?utm_source=b", "?", "https://x.com/?a=1&utm_source=b"),
        ("https://x.com/?to=https://y.com/?utm_source=b", "", "https://x.com/?to=https://y.com/?utm_source=b"),
        ("https://x.com/#utm_source=b&utm_medium=c", "#", "https://x.com/?utm_source=b&utm_medium=c"),
        ("https://x.com/?a=1#top?utm_source=b", "#", "https://x.com/?a=1&utm_source=b#top"),
        ("https://x.com/?#/route&utm_source=b", "#", "https://x.com/?utm_source=b#/route"),
        ("https://x.com/#?utm_source=b&c=d", "#", "https://x.com/#?utm_source=b&c=d"),
    ],
)
def test_hidden_parameters_are_found_and_brought_back(url: str, faults: str, straight: str) -> None:
    """They go to the end of the query; a fragment whose own parameters follow them is left alone."""
    pieces = take_apart(url)
    found = {
        "&": structure.has_double_encoded_ampersand(pieces),
        "?": structure.has_second_question_mark(pieces),
        "#": structure.has_utm_in_fragment(pieces),
    }
    assert faults == "".join(mark for mark, there in found.items() if there)
    assert straight == structure.straighten(pieces).adding([])


@pytest.mark.timeout(20)
@pytest.mark.parametrize("fragment", ["#" + "utm_a=b&" * MANY + "c", "#" + "&utm_a=b" * MANY + "&c"])
def test_a_long_fragment_is_read_at_once(fragment: str) -> None:
    """The time grows with the length: looking from each parameter to the end again took minutes for these."""
    pieces = take_apart(f"https://x.com/{fragment}")
    assert structure.has_utm_in_fragment(pieces)
    assert f"https://x.com/{fragment}" == structure.straighten(pieces).adding([])
