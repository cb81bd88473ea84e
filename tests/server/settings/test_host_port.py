import pytest

from clicktrail.errors import SettingsError
from clicktrail.server.settings import HostPort


@pytest.mark.parametrize("text", ["127.0.0.1:25", "[::1]:25", "mail.example.com:587"])
def test_address_round_trips(text: str) -> None:
    assert text == str(HostPort.parse(text))


@pytest.mark.parametrize("text", ["8080", ":8080", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:http", "127.0.0.1:²"])
def test_malformed_address_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="is not an address") as raised:
        HostPort.parse(text)
    assert "127.0.0.1:8080" in raised.value.hint
