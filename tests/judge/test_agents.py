import tomllib

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA  # type: ignore[import-untyped]  # ships no types

from clicktrail.errors import SettingsError
from clicktrail.judge.agents import AgentKind, parse
from tests.clicks import CHROME, shipped

SHIPPED = parse(shipped("agents.toml"))

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
    (f"{CHROME} Barracuda Sentinel (EE)", "Barracuda"),
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
    ("Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/AP1A.240305.019)", "an Android app"),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot"),
    ("Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)", "Sogou's spider"),
    ("Mozilla/5.0 (compatible; SomethingNew/0.1; +https://new.example/why)", "a crawler"),
]
PEOPLE = [
    CHROME,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Linux; Android 10; CUBOT J9) AppleWebKit/537.36 Chrome/88.0.4324.152 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 15; CPH2655 Build/AP3A.240617.008) Chrome/142.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 16; Pixel 10; wv) Version/4.0 Chrome/146.0 Mobile Safari/537.36 MetaIAB Facebook",
    "Mozilla/5.0 (Linux; Android 16; SM-F966N; wv) Version/4.0 Chrome/145.0 Mobile Safari/537.36 Viber/27.4.0.0",
    "Mozilla/5.0 (Linux; Android 6.0.1; OPPO R9s; wv) Version/4.0 Mobile Safari/537.36 SogouMobileBrowser/5.28.7",
    "Mozilla/5.0 (Linux; Android 13; Spider 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
]


@pytest.mark.parametrize(("user_agent", "name"), PREVIEWS)
def test_previews(user_agent: str, name: str) -> None:
    """Apps that show previews say so, and outweigh what else their names look like."""
    agent = SHIPPED.find(user_agent)
    assert (AgentKind.PREVIEW, name) == (agent and agent.kind, agent and agent.name)


@pytest.mark.parametrize(("user_agent", "name"), AUTOMATION)
def test_automation(user_agent: str, name: str) -> None:
    """Programs say what they are."""
    agent = SHIPPED.find(user_agent)
    assert (AgentKind.AUTOMATION, name) == (agent and agent.kind, agent and agent.name)


@pytest.mark.parametrize("user_agent", PEOPLE)
def test_people(user_agent: str) -> None:
    """Browsers are nothing that was declared, whatever their device is called."""
    assert None is SHIPPED.find(user_agent)


@pytest.mark.parametrize("user_agent", ["", "\x00", "Chrome " * 2_000, "ünïcödé", "\ud800"])
def test_odd_headers(user_agent: str) -> None:
    """No header is too long or too strange to be looked at."""
    assert None is SHIPPED.find(user_agent)


def test_long_headers_are_read_at_their_beginning() -> None:
    """What stands behind the first 512 characters is not looked at."""
    assert None is SHIPPED.find("x" * 512 + "Googlebot/2.1")


def test_left_out_patterns_exist() -> None:
    """Each pattern that we leave out of crawler-user-agents still is in it; else our entry can go."""
    listed = {entry["pattern"] for entry in CRAWLER_USER_AGENTS_DATA}
    left_out = {entry["pattern"] for entry in tomllib.loads(shipped("agents.toml"))["people"]}
    assert set() == left_out - listed


EMPTY = "version = 2026-11-23\npreviews = []\nautomation = []\npeople = []"
ENTRY = '[{ name = "a", pattern = "b", source = "c" }]'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("version", "cannot be read"),
        (EMPTY.replace("people = []", ""), "people"),
        (EMPTY.replace("[]", ENTRY.replace("source", "sauce")), "sauce"),
        (EMPTY.replace("previews = []", "previews = " + ENTRY.replace('"b"', '"(?<=a)b"')), "cannot be read"),
    ],
)
def test_unreadable(text: str, says: str) -> None:
    """What cannot be read is named."""
    with pytest.raises(SettingsError, match=says):
        parse(text)
