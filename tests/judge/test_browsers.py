import pytest

from clicktrail.demo.population import browsers
from clicktrail.judge.browsers import Browser, Engine, browser_of

LANGUAGE = "de"


@pytest.mark.parametrize(
    ("headers", "browser"),
    [
        (browsers.chrome(LANGUAGE, version=150), Browser(engine=Engine.CHROME, version=(150, 0))),
        (browsers.mobile_chrome(LANGUAGE), Browser(engine=Engine.CHROME, version=(156, 0))),
        (browsers.edge(LANGUAGE), Browser(engine=Engine.CHROME, version=(156, 0))),
        (browsers.firefox(LANGUAGE), Browser(engine=Engine.FIREFOX, version=(157, 0))),
        (browsers.safari(LANGUAGE), Browser(engine=Engine.SAFARI, version=(26, 4))),
        (browsers.safari(LANGUAGE, mac=True), Browser(engine=Engine.SAFARI, version=(26, 4))),
        (browsers.webview(LANGUAGE), None),
        (browsers.library("curl/8.5.0"), None),
    ],
)
def test_browser_of(headers: browsers.Headers, browser: Browser | None) -> None:
    """Browsers are known by what they say; what says more, or something else, is none that we can judge."""
    assert browser == browser_of(headers["user-agent"])


@pytest.mark.parametrize("more", [" OPR/120.0.0.0", " SamsungBrowser/29.0", " OneOutlook/1.2026", " Slack/4.46.99"])
def test_other_programs_on_the_same_engine(more: str) -> None:
    """Each follows a calendar of its own."""
    assert browser_of(browsers.chrome(LANGUAGE)["user-agent"] + more) is None


def test_version_of_no_browser() -> None:
    """A number of any length is one that can be compared."""
    agent = browsers.chrome(LANGUAGE)["user-agent"].replace("Chrome/156", f"Chrome/{'9' * 400}")
    assert Browser(engine=Engine.CHROME, version=(999_999, 0)) == browser_of(agent)


def test_words() -> None:
    """In reasons a browser has its major version."""
    assert "Safari 26" == str(browser_of(browsers.safari(LANGUAGE)["user-agent"]))
