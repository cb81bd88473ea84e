"""What browsers send."""

import pytest

from clicktrail.demo.population import browsers
from clicktrail.demo.population.browsers import Headers

EN = "en-GB,en;q=0.9"
REAL = {
    "chrome": browsers.chrome(EN),
    "chrome on a Mac": browsers.chrome(EN, mac=True),
    "edge": browsers.edge(EN),
    "mobile chrome": browsers.mobile_chrome(EN),
    "webview": browsers.webview(EN),
    "firefox": browsers.firefox(EN),
    "safari": browsers.safari(EN),
    "safari on a Mac": browsers.safari(EN, mac=True),
}


@pytest.mark.parametrize("name", REAL)
def test_a_real_browser_navigates(name: str) -> None:
    headers = REAL[name]
    assert EN == headers["accept-language"]
    assert "navigate" == headers["sec-fetch-mode"]
    assert "gzip" in headers["accept-encoding"]
    assert [name.lower() for name in headers] == list(headers)


@pytest.mark.parametrize("name", ["chrome", "chrome on a Mac", "edge", "mobile chrome"])
def test_client_hints_say_what_the_agent_says(name: str) -> None:
    headers = REAL[name]
    assert f'v="{browsers.CHROME_VERSION}"' in headers["sec-ch-ua"]
    assert f"Chrome/{browsers.CHROME_VERSION}.0.0.0" in headers["user-agent"]


@pytest.mark.parametrize(
    "headers",
    [
        REAL["firefox"],
        REAL["safari"],
        REAL["webview"],
        browsers.scripted_chrome(130),
        browsers.spoofed_chrome(130, sends_language=True),
    ],
    ids=["firefox", "safari", "webview", "scripted", "poser"],
)
def test_others_send_no_client_hints(headers: Headers) -> None:
    assert not any(name.startswith("sec-ch-ua") for name in headers)


def test_web_mail_is_another_site() -> None:
    headers = browsers.chrome(EN, webmail="https://mail.google.com")
    assert "cross-site" == headers["sec-fetch-site"]
    assert "https://mail.google.com/" == headers["referer"]
