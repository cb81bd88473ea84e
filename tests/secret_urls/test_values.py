from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.secret_urls.values import is_random


@pytest.mark.parametrize(
    "value",
    [
        *["8f3a9c1d2b4e6f70", "8F3A9C1D2B4E6F70", "6b9f7c1e-1d2a-4c3b-8e4f-5a6b7c8d9e0f", "zK8vLq-2XYt9RnB4mWc7"],
        *["kq2lmzt7yvr0wcn4ps8h", "1764590000|9c1d2b4e6f708f3a", "item:8f3a9c1d2b4e6f708f3a"],
    ],
)
def test_tokens_and_digests_are_random(value: str) -> None:
    assert is_random(value)


@pytest.mark.parametrize(
    "value",
    [
        *["winter-sale-2026", "boots-and-shoes-for-everyone", "newsletter_2026_11_winter", "TheBestGiftsOf2026"],
        *["iphone15promax-silver-256gb", "20261201", "1234567890123456", "windows11-25h2-update", "SKU-10022-42-BLK"],
        *["internationalisation", "ourNewCollectionOverview", "a4-paper-80g-500-sheets", "", "été-à-la-plage-2026"],
    ],
)
def test_words_numbers_and_slugs_are_not_random(value: str) -> None:
    assert not is_random(value)


@pytest.mark.parametrize(
    ("value", "expected"), [("aB3dE9xK", True), ("9f8e7d", True), ("SAVE20", False), ("anna", False)]
)
def test_short_codes(value: str, expected: bool) -> None:
    assert is_random(value, min_chars=6) == expected


@given(st.integers(0, 2**256 - 1))
def test_digests_are_random_unless_they_have_few_letters(number: int) -> None:
    digest = sha256(str(number).encode()).hexdigest()
    assert is_random(digest)


@given(st.lists(st.from_regex(r"[a-z]{1,12}", fullmatch=True), min_size=1, max_size=8), st.integers(0, 9_999))
def test_slugs_are_not_random(words: list[str], number: int) -> None:
    assert not is_random("-".join([*words, str(number)]))
