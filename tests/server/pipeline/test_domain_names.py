import pytest

from clicktrail.server.pipeline.domain_names import find_blocked_word, load_word_lists, suggest_other_host


@pytest.mark.parametrize(
    ("host", "word"),
    [
        ("track.example.com", "track"),
        ("click2.mail.example.com", "click"),
        ("mail.stats.example.com", "stats"),
        ("email-link.example.com", "email-link"),
        ("go-track-3.example.com", "track"),
        ("my_pixel.example.com", "pixel"),
        ("links.example.com", None),
        ("backtrack.example.com", None),
        ("links.click.com", None),
        ("links.click.co.uk", None),
        ("click.example.co.uk", "click"),
        ("example.com", None),
        ("2.example.com", None),
    ],
)
def test_words_of_ad_blockers_are_found(host: str, word: str | None) -> None:
    assert find_blocked_word(host) == word


def test_no_word_is_on_two_lists() -> None:
    words = [word for words in load_word_lists() for word in words.words]
    assert sorted(set(words)) == sorted(words)


@pytest.mark.parametrize(
    ("host", "other"),
    [
        ("links.example.com", "links2.example.com"),
        ("links2.example.com", "links3.example.com"),
        ("go-9.example.co.uk", "go-10.example.co.uk"),
    ],
)
def test_another_host_is_suggested(host: str, other: str) -> None:
    assert suggest_other_host(host) == other
