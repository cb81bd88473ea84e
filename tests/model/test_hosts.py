import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import SettingsError
from clicktrail.model.hosts import (
    check_bounded_host_patterns,
    check_host_patterns,
    extract_host,
    is_domain_name,
    is_host_listed,
    is_host_name,
    normalize_host,
)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://BÜCHER.example/", "xn--bcher-kva.example"),
        ("https://user:secret@Shop.example:8443/a", "shop.example"),
        ("https://shop.example./", "shop.example"),
        ("https://shop.example.:8443", "shop.example"),
        ("https://shop%2Eexample/", "shop.example"),
        ("https://shop。example/", "shop.example"),
        ("https://sh\top.example/", "shop.example"),
        ("https:shop.example", "shop.example"),
        ("https:\\\\shop.example\\[x/", "shop.example"),
        ("http://0x7f.1/", "127.0.0.1"),
        ("http://2130706433/", "127.0.0.1"),
        ("http://[::FFFF:192.0.2.1]:80/", "[::ffff:c000:201]"),
        ("http://[::1", ""),
        ("http://a\x00b/", ""),
        ("http://a\udc80b/", ""),
        ("ftp://x.com/", ""),
        ("/a", ""),
        ("https://", ""),
        ("", ""),
    ],
)
def test_host_is_read_as_browsers_read_it(url: str, host: str) -> None:
    assert extract_host(url) == host


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("Dotted.example.", "dotted.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("[::0:1]", "[::1]"),
        ("127.1", "127.0.0.1"),
        *(
            (text, "")
            for text in ("a.example:80", "u@a.example", "a.example/b", "a.example?b", "a.example#b", "a b", "")
        ),
        *(
            (text, "")
            for text in ("a.example\\b", "a.example\n", "[::1]:80", "[::1", "::1", "[a.example]", "a.exam%2fple")
        ),
    ],
)
def test_host_is_normalized(text: str, host: str) -> None:
    assert normalize_host(text) == host


@given(st.text() | st.text("aA.:[]@/\\%2e0x。", max_size=12))
def test_normalized_host_is_stable(text: str) -> None:
    host = normalize_host(text)
    assert normalize_host(host) == host


@pytest.mark.parametrize(
    ("host", "hosts", "among"),
    [
        ("x.com", ["x.com"], True),
        ("www.x.com", ["x.com"], False),
        ("www.x.com", ["*.x.com"], True),
        ("x.com", ["*.x.com"], False),
        ("evilx.com", ["*.x.com"], False),
        ("x.com", ["*"], True),
        ("", ["*"], False),
        ("x.com.", ["x.com"], True),
        ("www.x.com.", ["*.x.com"], True),
    ],
)
def test_hosts_are_matched_whole(host: str, hosts: list[str], among: bool) -> None:
    assert among == is_host_listed(host, hosts)


@pytest.mark.parametrize(
    "host", ["x.com", "*.x-y.com", "*", "localhost", "127.0.0.1", "[::1]", "xn--bcher-kva.example"]
)
def test_a_host_as_a_url_parser_gives_it(host: str) -> None:
    check_host_patterns("own_hosts", [host])


@pytest.mark.parametrize(
    ("host", "hint"),
    [
        ("X.com", "lower case"),
        ("https://x.com/", "such as shop.example.com"),
        ("x.com:8080", "such as shop.example.com"),
        ("*x.com", "*.example.com"),
        ("x.com.", "such as shop.example.com"),
        ("", "such as shop.example.com"),
        ("bücher.example", "ASCII form"),
    ],
)
def test_what_could_match_no_host_is_refused(host: str, hint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        check_host_patterns("own_hosts", ["x.com", host])
    assert f"own_hosts has '{host}'" == str(caught.value)
    assert hint in caught.value.hint


@pytest.mark.parametrize("host", ["*", "X.com"])
def test_hosts_that_alone_are_handed_something_are_named(host: str) -> None:
    check_bounded_host_patterns("engagement.hosts", ["x.com", "*.x.com"])
    with pytest.raises(SettingsError, match=r"engagement\.hosts has"):
        check_bounded_host_patterns("engagement.hosts", ["x.com", host])


@pytest.mark.parametrize("host", ["*.x.com", "bücher.example", "x.com.", "X.com", "x.com:80", "[::1]", ""])
def test_a_name_is_that_of_one_host(host: str) -> None:
    assert is_host_name("links.x-y.com")
    assert not is_host_name(host)


@pytest.mark.parametrize(
    ("host", "is_valid"),
    [
        ("links.example.com", True),
        ("xn--bcher-kva.example", True),
        ("_dmarc.example.com", True),
        (f"{'x' * 63}.example.com", True),
        (f"{'x' * 64}.example.com", False),
        (".".join(["x" * 49] * 5), True),
        (".".join(["x" * 50] * 5), False),
        ("localhost", False),
        ("192.0.2.1", False),
        ("a..example.com", False),
        ("*.example.com", False),
        ("links.example.com.", False),
        ("", False),
    ],
)
def test_domain_name_fits_into_the_dns(host: str, is_valid: bool) -> None:
    assert is_domain_name(host) is is_valid
