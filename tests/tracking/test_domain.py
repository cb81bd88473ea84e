import pytest

from clicktrail.errors import SettingsError
from clicktrail.tracking.domain import read_domain


@pytest.mark.parametrize("domain", ["links.example.com", "", "ftp://links.example.com", "https://"])
def test_a_domain_that_is_none_is_refused(domain: str) -> None:
    """A link to it could not be followed."""
    with pytest.raises(SettingsError, match="the tracking domain is"):
        read_domain(domain)


def test_a_domain_is_used_as_a_url_parser_reads_it() -> None:
    """Capitals, a slash at the end and letters beyond ASCII make no other domain."""
    assert "https://links.xn--bcher-kva.example" == read_domain("https://Links.Bücher.example/").origin
