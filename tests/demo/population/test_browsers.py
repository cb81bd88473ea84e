import pytest

from clicktrail.demo.population import browsers
from clicktrail.demo.population.browsers import Headers

EN = "en-GB,en;q=0.9"
BROWSERS = {
    "chrome": browsers.chrome(EN),
    "chrome on a Mac": browsers.chrome(EN, mac=True),
    "edge": browsers.edge(EN),
    "mobile chrome": browsers.mobile_chrome(EN),
    "webview": browsers.webview(EN),
    "firefox": browsers.firefox(EN),
    "safari": browsers.safari(EN),
    "safari on a Mac": browsers.safari(EN, mac=True),
}


@pytest.mark.parametrize("name", BROWSERS)
def test_browser_sends_navigation_headers(name: str) -> None:
    headers = BROWSERS[name]
    assert headers["accept-language"] == EN
    assert headers["sec-fetch-mode"] == "navigate"
    assert "gzip" in headers["accept-encoding"]
    assert list(headers) == [name.lower() for name in headers]


@pytest.mark.parametrize("name", ["chrome", "chrome on a Mac", "edge", "mobile chrome"])
def test_client_hints_match_the_user_agent(name: str) -> None:
    headers = BROWSERS[name]
    assert f'v="{browsers.CHROME_VERSION}"' in headers["sec-ch-ua"]
    assert f"Chrome/{browsers.CHROME_VERSION}.0.0.0" in headers["user-agent"]


@pytest.mark.parametrize(
    "headers",
    [
        BROWSERS["firefox"],
        BROWSERS["safari"],
        BROWSERS["webview"],
        browsers.scripted_chrome(130),
        browsers.spoofed_chrome(130, sends_language=True),
    ],
    ids=["firefox", "safari", "webview", "scripted", "spoofed"],
)
def test_other_programs_send_no_client_hints(headers: Headers) -> None:
    assert not any(name.startswith("sec-ch-ua") for name in headers)


def test_link_in_web_mail_is_cross_site() -> None:
    headers = browsers.chrome(EN, webmail="https://mail.google.com")
    assert headers["sec-fetch-site"] == "cross-site"
    assert headers["referer"] == "https://mail.google.com/"
