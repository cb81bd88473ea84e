import tomllib
from datetime import date, timedelta
from itertools import pairwise

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA  # type: ignore[import-untyped]  # ships no types

from clicktrail.demo.population import browsers
from clicktrail.errors import SettingsError
from clicktrail.judge.user_agents import AgentKind, Browser, BrowserEngine, ChromeReleases, parse_agents, parse_browser
from tests.support.events import CHROME_AGENT, CONTEXT, read_judge_data

SHIPPED = parse_agents(read_judge_data("agents.toml"))

PREVIEWS = [
    ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "Slackbot"),
    ("Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5", "SkypeUriPreview"),
    (
        "Mozilla/5.0 (Macintosh) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
        "facebookexternalhit",
    ),
    ("WhatsApp/2.23.20.0", "WhatsApp"),
    ("TelegramBot (like TwitterBot)", "TelegramBot"),
    ("Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)", "Discordbot"),
    ("LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)", "LinkedInBot"),
    ("Mozilla/5.0 (compatible; redditbot/1.0; +http://www.reddit.com/feedback)", "redditbot"),
    ("kakaotalk-scrap/1.0", "KakaoTalk"),
]
AUTOMATION = [
    ("Gmail-content-sampling", "Gmail's content scanner"),
    ("Mozilla/5.0", "a program with half a User-Agent"),
    ("Mozilla", "a program with half a User-Agent"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "a program with half a User-Agent"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36", "a program with half a User-Agent"),
    ("Mozilla/4.0 (compatible;)", "a program with half a User-Agent"),
    (f"{CHROME_AGENT} Barracuda Sentinel (EE)", "Barracuda"),
    ("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/156.0.0.0 Safari/537.36", "HeadlessChrome"),
    ("python-requests/2.32.5", "python-requests"),
    ("Python/3.12 aiohttp/3.11.0", "aiohttp"),
    ("Java/1.8.0_402", "a Java program"),
    ("AHC/2.1", "AHC"),
    ("okhttp/4.12.0", "okhttp"),
    ("Go-http-client/2.0", "Go-http-client"),
    ("curl/8.5.0", "curl"),
    ("undici", "a JavaScript program"),
    ("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)", "Microsoft Office"),
    ("Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Microsoft Outlook 16.0; ms-office)", "Microsoft Office"),
    ("Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041.1682", "a part of Windows"),
    ("MobileSafari/604.1 CFNetwork/1240.0.4 Darwin/20.6.0", "a part of iOS or macOS"),
    ("com.apple.WebKit.Networking/8621 CFNetwork/3826.500.131 Darwin/24.5.0", "a part of iOS or macOS"),
    ("iOS/18.5 (22F76) dataaccessd/1.0", "a part of iOS or macOS"),
    ("Mozilla/5.0 (Windows NT 10.0) Chrome/125.0 Safari/537.36 SafeLinks", "a mail security product"),
    ("PycURL/7.45.3 libcurl/8.5.0", "a Python program"),
    ("got (https://github.com/sindresorhus/got)", "sindresorhus/got"),
    ("http.rb/5.2.0", "a Ruby program"),
    ("RestSharp/112.0.0.0", "a .NET or Delphi program"),
    ("lychee/0.20.1", "a link checker"),
    ("Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/AP1A.240305.019)", "an Android app"),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot"),
    ("Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)", "Sogou's spider"),
    ("Mozilla/5.0 (compatible; SomethingNew/0.1; +https://new.example/why)", "a crawler"),
]
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
ANDROID = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9; wv) AppleWebKit/537.36 Version/4.0 Chrome/146.0 Mobile Safari/537.36"
)
BROWSERS_AND_APPS = [
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C)",
    "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)",
    CHROME_AGENT,
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Thunderbird/140.5.0",
    "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; CUBOT J9) AppleWebKit/537.36 Chrome/88.0.4324.152 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 15; CPH2655 Build/AP3A.240617.008) Chrome/142.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 6.0.1; OPPO R9s; wv) Version/4.0 Mobile Safari/537.36 SogouMobileBrowser/5.28.7",
    "Mozilla/5.0 (Linux; Android 13; Spider 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 12; KFTRWI) AppleWebKit/537.36 Silk/140.3.1 like Chrome/140.0.0.0 Safari/537.36",
    "Opera/9.80 (Android; Opera Mini/80.0.2254/191.303; U; de) Presto/2.12.423 Version/12.16",
    "ExampleShop/5.2 (iPhone; iOS 18.5) CFNetwork/3826.500.131 Darwin/24.5.0",
    *(f"{WINDOWS} Safari/537.36 {app}" for app in (
        "Edg/146.0.0.0 OneOutlook/1.2026.1118.200", "OPR/130.0.0.0", "Vivaldi/7.6", "Avast/146.0.0.0", "Norton/146.0",
        "AVG/146.0", "CCleaner/146.0", "TeamsDesktop/49", "Slack_SSB/4.46.99", "Notion/4.20.0", "Whale/4.35",
    )),
    f"{WINDOWS} Electron/38.2.2 Safari/537.36",
    *(f"{IPHONE} {app}" for app in (
        "Version/18.5 Mobile/15E148 Safari/604.1", "CriOS/146.0 Mobile/15E148 Safari/604.1", "Mobile/15E148",
        "GSA/396.0 Mobile/15E148 Safari/604.1", "Mobile/15E148 [FBAN/FBIOS;FBAV/540.0.0.55;FBLC/de_DE]",
        "Mobile/15E148 Instagram 400.0.0.30 (iPhone16,1; iOS 18_5)", "Mobile/15E148 [LinkedInApp]/9.31",
        "Mobile/15E148 MicroMessenger/8.0.60 NetType/WIFI", "Mobile/15E148 Snapchat/13.60.0.30 (like Safari/8621)",
        "Mobile/15E148 [Pinterest/iOS]", "Version/18.5 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15",
        "Mobile/15E148 Safari Line/15.18.0", "Mobile/15E148 YahooMobileMail/7.60", "Mobile/15E148 Outlook-iOS/4.2540",
    )),
    *(f"{ANDROID} {app}" for app in (
        "", "GSA/16.45.40", "[FB_IAB/FB4A;FBAV/540.0.0.46.109;]", "MetaIAB Facebook", "Instagram 400.0.0.48.109",
        "LinkedInApp/4.1.1030", "KAKAOTALK/25.9.1 (INAPP)", "NAVER(inapp; search)", "Telegram-Android/12.1.1",
        "Snapchat/13.60.0.41", "Pinterest/0.2", "Outlook-Android/2.0", "Viber/27.4.0.0", "TwitterAndroid",
        "Reddit/Version 2025.44.0", "musical_ly_2024 BytedanceWebview/d8a21c6", "SamsungBrowser/29.0",
    )),
]  # fmt: skip


@pytest.mark.parametrize(("user_agent", "name"), PREVIEWS)
def test_previews(user_agent: str, name: str) -> None:
    agent = SHIPPED.find(user_agent)
    assert (agent and agent.kind, agent and agent.name) == (AgentKind.PREVIEW, name)


@pytest.mark.parametrize(("user_agent", "name"), AUTOMATION)
def test_automation(user_agent: str, name: str) -> None:
    agent = SHIPPED.find(user_agent)
    assert (agent and agent.kind, agent and agent.name) == (AgentKind.AUTOMATION, name)


@pytest.mark.parametrize("user_agent", BROWSERS_AND_APPS)
def test_browsers_and_apps_declare_nothing(user_agent: str) -> None:
    assert SHIPPED.find(user_agent) is None


@pytest.mark.parametrize("user_agent", ["", "\x00", "Chrome " * 2_000, "ünïcödé", "\ud800"])
def test_odd_headers_declare_nothing(user_agent: str) -> None:
    assert SHIPPED.find(user_agent) is None


def test_long_header_is_truncated() -> None:
    assert SHIPPED.find("x" * 512 + "Googlebot/2.1") is None


def test_excluded_patterns_exist() -> None:
    listed = {entry["pattern"] for entry in CRAWLER_USER_AGENTS_DATA}
    excluded = {entry["pattern"] for entry in tomllib.loads(read_judge_data("agents.toml"))["excluded"]}
    assert excluded - listed == set()


EMPTY = "version = 2026-11-23\npreviews = []\nautomation = []\nexcluded = []"
ENTRY = '[{ name = "a", pattern = "b", source = "c" }]'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version", "is not TOML"),
        (EMPTY.replace("excluded = []", ""), "excluded"),
        (EMPTY.replace("[]", ENTRY.replace("source", "sauce")), "sauce"),
        (EMPTY.replace("previews = []", "previews = " + ENTRY.replace('"b"', '"(?<=a)b"')), "cannot be read"),
    ],
)
def test_invalid_agents_file(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_agents(text)


LANGUAGE = "de"


@pytest.mark.parametrize(
    ("headers", "browser"),
    [
        (browsers.chrome(LANGUAGE, version=150), Browser(engine=BrowserEngine.CHROME, version=(150, 0))),
        (browsers.mobile_chrome(LANGUAGE), Browser(engine=BrowserEngine.CHROME, version=(156, 0))),
        (browsers.edge(LANGUAGE), Browser(engine=BrowserEngine.CHROME, version=(156, 0))),
        (browsers.firefox(LANGUAGE), Browser(engine=BrowserEngine.FIREFOX, version=(157, 0))),
        (browsers.safari(LANGUAGE), Browser(engine=BrowserEngine.SAFARI, version=(26, 4))),
        (browsers.safari(LANGUAGE, mac=True), Browser(engine=BrowserEngine.SAFARI, version=(26, 4))),
        (browsers.webview(LANGUAGE), None),
        (browsers.http_library("curl/8.5.0"), None),
    ],
)
def test_parse_browser(headers: browsers.Headers, browser: Browser | None) -> None:
    assert parse_browser(headers["user-agent"]) == browser


@pytest.mark.parametrize("suffix", [" OPR/120.0.0.0", " SamsungBrowser/29.0", " OneOutlook/1.2026", " Slack/4.46.99"])
def test_other_browsers_with_the_same_engine(suffix: str) -> None:
    assert parse_browser(browsers.chrome(LANGUAGE)["user-agent"] + suffix) is None


def test_very_long_version_is_truncated() -> None:
    agent = browsers.chrome(LANGUAGE)["user-agent"].replace("Chrome/156", f"Chrome/{'9' * 400}")
    assert parse_browser(agent) == Browser(engine=BrowserEngine.CHROME, version=(999_999, 0))


def test_browser_as_text() -> None:
    assert str(parse_browser(browsers.safari(LANGUAGE)["user-agent"])) == "Safari 26"


CHROME_RELEASES = CONTEXT.rules.chrome_releases


@pytest.mark.parametrize(("version", "days"), [(148, 174), (149, 146), (154, 48), (155, 20), (156, -8), (1, 2484)])
def test_days_since_replaced(version: int, days: int) -> None:
    assert CHROME_RELEASES.days_since_replaced(version, date(2026, 11, 23)) == days


def test_dates_after_the_end_of_the_list_are_estimated() -> None:
    assert [
        CHROME_RELEASES.days_since_replaced(155 + 20, date(2026, 10, 6) + timedelta(days=21 * 28)),
        CHROME_RELEASES.days_since_replaced(155 + 20, date(2026, 10, 6) + timedelta(days=22 * 28)),
        CHROME_RELEASES.days_since_replaced(155 + 20, date(2026, 10, 6) + timedelta(days=21 * 28 + 365 * 3)),
    ] == [0, 28, 365 * 3]


def test_far_future_version_and_empty_list() -> None:
    assert [
        releases.days_since_replaced(999_999, date(2026, 11, 23)) < 0
        for releases in (CHROME_RELEASES, ChromeReleases())
    ] == [True, True]


def test_unlisted_version() -> None:
    assert CHROME_RELEASES.days_since_replaced(120, date(2026, 1, 1)) == CHROME_RELEASES.days_since_replaced(
        121, date(2026, 1, 1)
    )


def test_shipped_releases_are_ascending() -> None:
    assert CHROME_RELEASES.source
    assert all(
        older.version < newer.version and older.date < newer.date for older, newer in pairwise(CHROME_RELEASES.releases)
    )
