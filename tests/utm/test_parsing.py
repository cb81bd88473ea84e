import pytest

from clicktrail.errors import SettingsError
from clicktrail.utm import Convention, Existing, parse


def test_an_empty_file_is_the_usual_convention() -> None:
    """Every key has a default."""
    assert Convention(source="email", medium="newsletter", content="{location}_{element}") == parse("")


def test_every_key_is_read() -> None:
    """What the file says is what the convention holds."""
    text = """
    source = "shop"
    medium = "drip"
    campaign = "x_{campaign}"
    content = "{label}"
    term = "t"
    own_hosts = ["shop.example", "*.shop.example"]
    existing = "keep"
    [mediums]
    drip = "YYYY_description"
    """
    assert parse(text) == Convention(
        source="shop",
        medium="drip",
        campaign="x_{campaign}",
        content="{label}",
        term="t",
        own_hosts=("shop.example", "*.shop.example"),
        existing=Existing.KEEP,
        mediums={"drip": "YYYY_description"},
    )


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("sauce = 'email'", "unknown key 'sauce'", "did you mean 'source'?"),
        ("xyz = 1", "unknown key 'xyz'", "known here: source, "),
        ("medium = 'Newsleter'", "medium is 'Newsleter'", "did you mean 'newsletter'?"),
        ("existing = 'fil'", "existing is 'fil'", "did you mean 'fill'?"),
        ("existing = 1", "existing is '1'", "known here: fill, keep, replace, refuse"),
        ("source = ''", "source", ""),
        ("own_hosts = 'shop.example'", "own_hosts", ""),
        ("own_hosts = ['https://shop.example/']", "own_hosts has 'https://shop.example/'", "write a host"),
        ("mediums = ['email']", "mediums", ""),
        ("content = '{place}'", "utm_content has an unknown placeholder {place}", "use {campaign}, {location}"),
        ("source", "not TOML", ""),
    ],
)
def test_an_error_names_the_key_and_what_is_right(text: str, message: str, hint: str) -> None:
    """A typing mistake is told with the word that was meant."""
    with pytest.raises(SettingsError) as caught:
        parse(text)
    assert message in str(caught.value)
    assert caught.value.hint.startswith(hint)
