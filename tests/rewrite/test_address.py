import pytest

from clicktrail.rewrite.address import Address, read_address


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTPS://X.com:443", Address("x.com", "x.com", "/", "", credentials=False)),
        (
            "https://bücher.example:8443/é?a#b?c",
            Address("xn--bcher-kva.example:8443", "xn--bcher-kva.example", "/%C3%A9", "?a", credentials=False),
        ),
        ("http://[2001:db8::1]/", Address("[2001:db8::1]", "[2001:db8::1]", "/", "", credentials=False)),
        ("http://me:pw@x.com/", Address("x.com", "x.com", "/", "", credentials=True)),
        ("http://x.com/@me#?", Address("x.com", "x.com", "/@me", "", credentials=False)),
    ],
)
def test_parts(url: str, expected: Address) -> None:
    """As a WHATWG parser gives them."""
    assert expected == read_address(url)


def test_no_url() -> None:
    """What a parser does not take has no parts."""
    with pytest.raises(ValueError, match="Invalid"):
        read_address("https://a b/")
