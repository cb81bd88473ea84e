import ada_url
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clicktrail.rewrite.url import Address, read_address


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTPS://X.com:443", Address("x.com", "x.com", "/", "", credentials=False)),
        (
            "https://bücher.example:8443/é?a#b?c",
            Address("xn--bcher-kva.example:8443", "xn--bcher-kva.example", "/%C3%A9", "?a", credentials=False),
        ),
        ("http://[2001:db8::1]/", Address("[2001:db8::1]", "[2001:db8::1]", "/", "", credentials=False)),
        ("https://X.com./", Address("x.com", "x.com", "/", "", credentials=False)),
        ("https://x.com.:8443/", Address("x.com:8443", "x.com", "/", "", credentials=False)),
        ("http://me:pw@x.com/", Address("x.com", "x.com", "/", "", credentials=True)),
        ("http://x.com/@me#?", Address("x.com", "x.com", "/@me", "", credentials=False)),
    ],
)
def test_parts(url: str, expected: Address) -> None:
    assert expected == read_address(url)


def test_no_url() -> None:
    with pytest.raises(ValueError, match="Invalid"):
        read_address("https://a b/")


@given(
    st.sampled_from(["shop.example", "a.b-c.d", "1.2", "a.0x1", "a.1", "xn--a.b", "a..b", "a.b--c", "X.de", "x"]),
    st.text(alphabet=st.sampled_from("aZ09-._~%2e/?#&=;:@!'()*+,$\\^|{}[]`\"<> \né"), max_size=12),
)
@example("shop.example", "/a/./b")
@example("shop.example", "/%2e%2E/b")
@example("shop.example", ":443/?a#b")
@example("shop.example", ".:8443/")
def test_what_needs_no_parser_is_read_as_by_one(host: str, rest: str) -> None:
    url = f"https://{host}{rest}"
    try:
        parsed = ada_url.URL(url)
    except ValueError:
        with pytest.raises(ValueError, match="Invalid"):
            read_address(url)
        return
    found = read_address(url)
    name = parsed.hostname.removesuffix(".")

    assert (name, parsed.pathname, parsed.search) == (found.hostname, found.path, found.query)
    assert (f"{name}:{parsed.port}" if parsed.port else name) == found.host
