import pytest

from clicktrail.errors import SettingsError
from clicktrail.model.tracking_domain import TrackingDomain
from clicktrail.server.pipeline.tracking_domains import is_allowed_destination, parse_domains

FILE = """
[[domain]]
host = "links.example.com"
sender = "Example"
contact = "privacy@example.com"
home = "https://www.example.com/"
hsts_days = 365
destinations = ["*.example.com", "example.com"]

[[domain]]
host = "links.example.org"
"""


def test_domains_are_parsed() -> None:
    first, second = parse_domains(FILE)
    assert ("links.example.com", 365, ("*.example.com", "example.com")) == (
        first.host,
        first.hsts_days,
        first.destinations,
    )
    assert TrackingDomain(host="links.example.org") == second


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "not TOML"),
        ("", "domain"),
        ('[[domain]]\nsender = "A"', "'' is not a valid host name"),
        ('[[domain]]\nhost = "https://a.example"', "is not a valid host name"),
        ('[[domain]]\nhost = "a.example:80"', "is not a valid host name"),
        ('[[domain]]\nhost = "A.example"', "is not a valid host name"),
        ('[[domain]]\nhost = "*.example"', "is not a valid host name"),
        ('[[domain]]\nhost = "bücher.example"', "is not a valid host name"),
        ('[[domain]]\nhost = "a.example."', "is not a valid host name"),
        ('[[domain]]\nhost = "[a"', "is not a valid host name"),
        ('[[domain]]\nhost = "a.example"\n[[domain]]\nhost = "a.example"', "twice"),
        ('[[domain]]\nhost = "a.example"\ncontacts = "me"', "contacts"),
        ('[[domain]]\nhost = "a.example"\nhsts_days = -1', "hsts_days"),
        ('[[domain]]\nhost = "a.example"\nhome = "javascript:alert(1)"', "home of a.example"),
        ('[[domain]]\nhost = "a.example"\nhome = "https://[a"', "home of a.example"),
        (
            '[[domain]]\nhost = "a.example"\ndestinations = ["https://b.example"]',
            "destinations of a.example has 'https:",
        ),
        ('[[domain]]\nhost = "a.example"\nengagement_hosts = ["*"]', r"engagement_hosts of a.example has '\*'"),
    ],
)
def test_error_names_what_is_invalid(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_domains(text)


@pytest.mark.parametrize(
    ("destinations", "location", "allowed"),
    [
        (("*",), "https://anything.example/", True),
        (("shop.example",), "https://SHOP.example:8443/a", True),
        (("shop.example",), "https://www.shop.example/", False),
        (("*.shop.example",), "https://www.shop.example/", True),
        (("shop.example",), "https://shop.example@evil.example/", False),
        (("shop.example",), "https://evil.example/?shop.example", False),
        (("shop.example",), "https://evil.example\\@shop.example/", False),
        (("shop.example",), "https://shop.example./", True),
        (("xn--bcher-kva.example",), "https://bücher.example/", True),
    ],
)
def test_allowed_destinations(destinations: tuple[str, ...], location: str, *, allowed: bool) -> None:
    assert allowed == is_allowed_destination(destinations, location)
