import pytest

from clicktrail.rewrite.visible import shares_domain, visible_host


@pytest.mark.parametrize(
    ("label", "host"),
    [
        ("https://Shop.example/a?b", "shop.example"),
        ("www.shop.example", "www.shop.example"),
        ("http://shop.example:80/", "shop.example"),
        ("http://bücher.example/é", "bücher.example"),
        ("See https://shop.example", ""),
        ("Buy now.", ""),
        ("12.50", ""),
        ("", ""),
    ],
)
def test_a_label_that_is_a_url_shows_a_host(label: str, host: str) -> None:
    """The whole text counts: a sentence with a URL in it is no URL."""
    assert host == visible_host(label)


@pytest.mark.parametrize(
    ("host", "domain", "expected"),
    [
        ("shop.example", "go.shop.example", True),
        ("www.shop.example", "go.shop.example:8443", True),
        ("go.shop.example", "go.shop.example", True),
        ("otherco.uk", "shop.co.uk", False),
        ("other.co.uk", "shop.co.uk", False),
        ("shop.co.uk", "go.shop.co.uk", True),
        ("other.example", "go.shop.example", False),
        ("xshop.example", "go.shop.example", False),
        ("shop.example", "localhost", False),
    ],
)
def test_a_domain_is_shared_below_one_parent(host: str, domain: str, expected: bool) -> None:
    """What is left of a tracking domain without its first label is the sender's."""
    assert expected == shares_domain(host, [domain])
