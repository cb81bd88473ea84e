"""Request headers that browsers and HTTP libraries send when they follow a link.

Browsers of late 2026: browsers based on Chromium send a reduced User-Agent and client hints, Safari and Firefox send no
client hints (developer.chrome.com, "User-Agent reduction"; MDN, "Sec-CH-UA"). Sec-Fetch headers follow W3C Fetch
Metadata: ``Sec-Fetch-Site`` is ``none`` for a link opened from a mail program, and ``cross-site`` from web mail.
"""

from collections.abc import Mapping
from typing import Final

Headers = Mapping[str, str]

CHROME_VERSION: Final = 156
_FIREFOX_VERSION: Final = 157
_WINDOWS: Final = "Windows NT 10.0; Win64; x64"
_MAC: Final = "Macintosh; Intel Mac OS X 10_15_7"
_IPHONE: Final = "iPhone; CPU iPhone OS 18_7 like Mac OS X"
_ENGINE: Final = "AppleWebKit/537.36 (KHTML, like Gecko)"
_CHROME_ACCEPT: Final = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)
_PLAIN_ACCEPT: Final = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def chrome(language: str, *, version: int = CHROME_VERSION, mac: bool = False, webmail: str = "") -> Headers:
    """Chrome on a desktop; ``webmail`` is the origin of the site that contains the link, empty for a mail program."""
    brands = f'"Chromium";v="{version}", "Google Chrome";v="{version}", "Not?A_Brand";v="24"'
    return {
        **_client_hints(brands, "macOS" if mac else "Windows", mobile=False),
        **_chrome_navigation(f"Mozilla/5.0 ({_MAC if mac else _WINDOWS}) {_chrome_product(version)}", language),
        **({"sec-fetch-site": "cross-site", "referer": f"{webmail}/"} if webmail else {}),
    }


def edge(language: str) -> Headers:
    """Edge on Windows."""
    user_agent = f"Mozilla/5.0 ({_WINDOWS}) {_chrome_product(CHROME_VERSION)} Edg/{CHROME_VERSION}.0.0.0"
    brands = f'"Chromium";v="{CHROME_VERSION}", "Microsoft Edge";v="{CHROME_VERSION}", "Not?A_Brand";v="24"'
    return {**_client_hints(brands, "Windows", mobile=False), **_chrome_navigation(user_agent, language)}


def mobile_chrome(language: str) -> Headers:
    """Chrome on Android."""
    user_agent = f"Mozilla/5.0 (Linux; Android 10; K) {_chrome_product(CHROME_VERSION, mobile=True)}"
    brands = f'"Chromium";v="{CHROME_VERSION}", "Google Chrome";v="{CHROME_VERSION}", "Not?A_Brand";v="24"'
    return {**_client_hints(brands, "Android", mobile=True), **_chrome_navigation(user_agent, language)}


def webview(language: str) -> Headers:
    """Web view of an Android mail app: sends the app's name and no client hints."""
    user_agent = (
        f"Mozilla/5.0 (Linux; Android 16; Pixel 9 Build/BP3A.251105.015; wv) {_ENGINE} Version/4.0 "
        f"Chrome/{CHROME_VERSION}.0.0.0 Mobile Safari/537.36"
    )
    return {**_chrome_navigation(user_agent, language), "x-requested-with": "com.yahoo.mobile.client.android.mail"}


def firefox(language: str) -> Headers:
    """Firefox on Windows."""
    return {
        "user-agent": f"Mozilla/5.0 ({_WINDOWS}; rv:{_FIREFOX_VERSION}.0) Gecko/20100101 Firefox/{_FIREFOX_VERSION}.0",
        "accept": _PLAIN_ACCEPT,
        "accept-language": language,
        "accept-encoding": "gzip, deflate, br, zstd",
        "upgrade-insecure-requests": "1",
        "sec-fetch-dest": "document",
        "sec-fetch-mode": "navigate",
        "sec-fetch-site": "none",
        "sec-fetch-user": "?1",
        "priority": "u=0, i",
    }


def safari(language: str, *, mac: bool = False) -> Headers:
    """Safari on an iPhone or a Mac."""
    device, build = (_MAC, "") if mac else (_IPHONE, "Mobile/15E148 ")
    return {
        "user-agent": (
            f"Mozilla/5.0 ({device}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.4 {build}Safari/"
            + ("605.1.15" if mac else "604.1")
        ),
        "accept": _PLAIN_ACCEPT,
        "accept-language": language,
        "accept-encoding": "gzip, deflate, br",
        "sec-fetch-dest": "document",
        "sec-fetch-mode": "navigate",
        "sec-fetch-site": "none",
        "priority": "u=0, i",
    }


def scripted_chrome(version: int) -> Headers:
    """Chromium driven by a script that overrides its User-Agent, which also removes all client hints."""
    return _chrome_navigation(f"Mozilla/5.0 ({_WINDOWS}) {_chrome_product(version)}", "en-US,en;q=0.9")


def spoofed_chrome(version: int, *, sends_language: bool) -> Headers:
    """HTTP library that sends a browser's User-Agent."""
    return {
        "user-agent": f"Mozilla/5.0 ({_WINDOWS}) {_chrome_product(version)}",
        "accept": _PLAIN_ACCEPT,
        "accept-encoding": "gzip, deflate",
        **({"accept-language": "en-US,en;q=0.5"} if sends_language else {}),
    }


def http_library(user_agent: str) -> Headers:
    """HTTP library that sends its own name as User-Agent."""
    return {"user-agent": user_agent, "accept": "*/*", "accept-encoding": "gzip, deflate"}


def _chrome_product(version: int, *, mobile: bool = False) -> str:
    return f"{_ENGINE} Chrome/{version}.0.0.0 {'Mobile ' if mobile else ''}Safari/537.36"


def _client_hints(brands: str, platform: str, *, mobile: bool) -> Headers:
    return {"sec-ch-ua": brands, "sec-ch-ua-mobile": "?1" if mobile else "?0", "sec-ch-ua-platform": f'"{platform}"'}


def _chrome_navigation(user_agent: str, language: str) -> Headers:
    return {
        "upgrade-insecure-requests": "1",
        "user-agent": user_agent,
        "accept": _CHROME_ACCEPT,
        "sec-fetch-site": "none",
        "sec-fetch-mode": "navigate",
        "sec-fetch-user": "?1",
        "sec-fetch-dest": "document",
        "accept-encoding": "gzip, deflate, br, zstd",
        "accept-language": language,
        "priority": "u=0, i",
    }
