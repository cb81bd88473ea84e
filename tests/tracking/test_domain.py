import pytest

from clicktrail.errors import SettingsError
from clicktrail.tracking.domain import read_domain


@pytest.mark.parametrize(
    "domain",
    [
        "links.example.com",
        "",
        "ftp://links.example.com",
        "https://",
        "https://links.example.com/track",
        "https://links.example.com/?a",
        "https://us@links.example.com",
        "https://links.example.com.",
    ],
)
def test_a_domain_that_is_none_is_refused(domain: str) -> None:
    """A link to it could not be followed, or not be known again."""
    with pytest.raises(SettingsError, match="the tracking domain is"):
        read_domain(domain)


def test_a_domain_is_used_as_a_url_parser_reads_it() -> None:
    """Capitals, a slash at the end and letters beyond ASCII make no other domain."""
    assert "https://links.xn--bcher-kva.example" == read_domain("https://Links.Bücher.example/").origin
