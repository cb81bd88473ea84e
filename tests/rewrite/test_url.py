import ada_url
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clicktrail.rewrite.url import ParsedUrl, parse_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTPS://X.com:443", ParsedUrl("x.com", "x.com", "/", "", has_credentials=False)),
        (
            "https://bücher.example:8443/é?a#b?c",
            ParsedUrl(
                "xn--bcher-kva.example:8443", "xn--bcher-kva.example", "/%C3%A9", "?a", "#b?c", has_credentials=False
            ),
        ),
        ("http://[2001:db8::1]/", ParsedUrl("[2001:db8::1]", "[2001:db8::1]", "/", "", has_credentials=False)),
        ("https://X.com./", ParsedUrl("x.com", "x.com", "/", "", has_credentials=False)),
        ("https://x.com.:8443/", ParsedUrl("x.com:8443", "x.com", "/", "", has_credentials=False)),
        ("http://me:pw@x.com/", ParsedUrl("x.com", "x.com", "/", "", has_credentials=True)),
        ("http://x.com/@me#?", ParsedUrl("x.com", "x.com", "/@me", "", "#?", has_credentials=False)),
    ],
)
def test_parts(url: str, expected: ParsedUrl) -> None:
    assert parse_url(url) == expected


def test_invalid_url_is_refused() -> None:
    with pytest.raises(ValueError, match="Invalid"):
        parse_url("https://a b/")


@given(
    st.sampled_from(["shop.example", "a.b-c.d", "1.2", "a.0x1", "a.1", "xn--a.b", "a..b", "a.b--c", "X.de", "x"]),
    st.text(alphabet=st.sampled_from("aZ09-._~%2e/?#&=;:@!'()*+,$\\^|{}[]`\"<> \né"), max_size=12),
)
@example("shop.example", "/a/./b")
@example("shop.example", "/%2e%2E/b")
@example("shop.example", ":443/?a#b")
@example("shop.example", ".:8443/")
def test_fast_path_equals_the_parser(host: str, rest: str) -> None:
    url = f"https://{host}{rest}"
    try:
        parsed = ada_url.URL(url)
    except ValueError:
        with pytest.raises(ValueError, match="Invalid"):
            parse_url(url)
        return
    found = parse_url(url)
    name = parsed.hostname.removesuffix(".")

    assert (name, parsed.pathname, parsed.search) == (found.hostname, found.path, found.query)
    assert (f"{name}:{parsed.port}" if parsed.port else name) == found.host
