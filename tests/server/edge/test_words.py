import string

import pytest
from msgspec.structs import asdict

from clicktrail.server.edge.words import FALLBACK, PageWords, language_of, words


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("DE-ch", "de"),
        ("fr,de;q=0.5,en;q=0.4", "de"),
        ("en,de", "en"),
        ("de;q=0.2,en;q=0.7", "en"),
        ("de;q=0", FALLBACK),
        ("fr", FALLBACK),
        ("*", FALLBACK),
        ("", FALLBACK),
        ("de;q=much,en;q=0.1", "en"),
    ],
)
def test_readers_get_the_language_that_they_like_best(accepted: str, language: str) -> None:
    """Of those that there are, by weight and then by order; English where there is none of theirs."""
    assert language == language_of(accepted, words())


def test_every_language_fills_in_the_same() -> None:
    """A translation that lost a contact or a number would lose it for its readers."""
    english = words()[FALLBACK]
    for known in words().values():
        assert _filled_in(known.ask_contact) == _filled_in(english.ask_contact)
        assert {name: _filled_in(text) for name, text in asdict(english.about).items()} == {
            name: _filled_in(text) for name, text in asdict(known.about).items()
        }
        pages = [page for page in asdict(known).values() if isinstance(page, PageWords)]
        assert all(not _filled_in(page.text) and page.title for page in pages)


def _filled_in(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
