"""Find the token in a damaged path. What the edge makes of it is in tests/server/edge/test_damaged_links.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.tokens import find_tokens, has_changed_case

PATHS = st.lists(
    st.sampled_from(
        ["%", "%25", "%41", "%0A", "3D", "=3D", "=", "-", "_", "/", "http://", "\u00ad", "abcdefghijk", "é"]
    )
    | st.text(max_size=3)
).map("".join)


@given(PATHS)
def test_any_path_has_a_few_candidates(path: str) -> None:
    found = list(find_tokens(path))
    assert len(found) <= 4
    for candidate in found:
        assert len(candidate.token) >= 11
        assert candidate.token[-1].isalnum()
        assert set(candidate.token.encode().replace(b"-", b"").replace(b"_", b"")) <= set(range(128))


@pytest.mark.parametrize(
    ("path", "tokens"),
    [
        ("abcdefghijk", ["abcdefghijk"]),
        ("abcdefghij", []),
        ("", []),
        ("abcdefghijk.lmnopqrstuv", ["abcdefghijk"]),
        ("abcdefghijk_-_", ["abcdefghijk"]),
        ("_abcdefghijk", ["_abcdefghijk"]),
        ("abcdefghijk3D", ["abcdefghijk3D", "abcdefghijk"]),
        ("abcdef%20ghijk", ["abcdefghijk"]),
        ("abcdefghijk%20lmnop", ["abcdefghijk", "abcdefghijklmnop"]),
        ("a%2562cdefghijk", ["abcdefghijk"]),
        ("a%2525252562cdefghijk", []),  # encoded more often than any link
        ("favicon.ico", []),
        (f"abcdefghijk{'%' * 16_000}", ["abcdefghijk"]),
        (f"abcdefghijk{'%' * 20_000}", []),  # longer than the head of any request
    ],
)
def test_candidates(path: str, tokens: list[str]) -> None:
    assert [candidate.token for candidate in find_tokens(path)] == tokens


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a1" * 20, True),
        ("A1" * 20, True),
        ("a1" * 20 + ".B", True),
        ("aB1" * 20, False),
        ("a1" * 18, False),
        ("ab" * 20, False),  # words
        ("12" * 20, False),
        ("a1" * 10_000, False),  # longer than the head of any request
    ],
)
def test_change_of_case_is_recognised(path: str, *, expected: bool) -> None:
    assert has_changed_case(path) == expected
