import pytest

from clicktrail.errors import SettingsError
from clicktrail.model.hosts import check_bounded_host_patterns, check_host_patterns, is_host_listed, is_host_name


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
