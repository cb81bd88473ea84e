"""Headers that contradict the browser which a request claims to come from, or miss where it would send them.

What a browser's engine sends to a site over TLS is fixed: Accept-Language always, Fetch Metadata (W3C) and, from
Chrome, client hints (WICG) since the versions below. Proxies that break TLS open may leave out what begins with
``Sec-``, both of them together: of a Chrome that is up to date that counts once.
"""

import re
from typing import Final

from clicktrail.judge.evidence import MessageEvidence
from clicktrail.judge.signals.base import SignalMatches
from clicktrail.judge.user_agents import Browser, BrowserEngine
from clicktrail.model.event import Click

__all__ = [
    "impossible_headers",
    "no_accept_language",
    "no_client_hints",
    "no_fetch_metadata",
    "old_internet_explorer",
    "stale_chrome",
]

_FETCH_METADATA_SINCE: Final = {
    BrowserEngine.CHROME: (80, 0),
    BrowserEngine.FIREFOX: (90, 0),
    BrowserEngine.SAFARI: (16, 4),
}
"""MDN, browser compatibility of Sec-Fetch-Mode."""

_CLIENT_HINTS_SINCE: Final = (89, 0)
"""Chrome Platform Status, "User-Agent Client Hints"; neither Firefox nor Safari sends them."""

_ACCEPT_VALUES_SINCE: Final = (
    (BrowserEngine.CHROME, "accept-encoding", "zstd", (123, 0)),
    (BrowserEngine.FIREFOX, "accept-encoding", "zstd", (126, 0)),
    (BrowserEngine.CHROME, "accept", "image/jxl", (145, 0)),
    (BrowserEngine.CHROME, "accept", "image/avif", (85, 0)),
    (BrowserEngine.FIREFOX, "accept", "image/avif", (93, 0)),
)
"""Chrome Platform Status and MDN: since when a browser says that it can read a compression or an image format."""

_MSIE_VERSION = re.compile(r"MSIE (\d{1,2})\.")
_CHROMIUM_BRAND = re.compile(r'"Chromium";v="(\d{1,6})"')


def no_accept_language(evidence: MessageEvidence) -> SignalMatches:
    """No ``Accept-Language``, which every browser sends to say in which language its user reads."""
    return {
        click.id: "no Accept-Language"
        for click in evidence.clicks_with_headers
        if "accept-language" not in click.headers
    }


def no_fetch_metadata(evidence: MessageEvidence) -> SignalMatches:
    """None of the ``Sec-Fetch`` headers that the browser would send over TLS."""
    return {
        click.id: f"{evidence.browsers[click.id]} without Sec-Fetch headers"
        for click in evidence.clicks_with_headers
        if click.id in evidence.browsers and click.https and _lacks_fetch_metadata(click, evidence.browsers[click.id])
    }


def no_client_hints(evidence: MessageEvidence) -> SignalMatches:
    """``Sec-Fetch`` headers, which no proxy left out, and none of the client hints that Chrome sends with them.

    A script that gives Chromium another agent as a string takes its client hints away. So do apps on phones, with the
    web views in which their users read: of a phone's Chrome nothing is said.
    """
    return {
        click.id: f"{browser} without client hints"
        for click in evidence.clicks_with_headers
        if click.https
        and "sec-ch-ua" not in click.headers
        and "sec-fetch-mode" in click.headers
        and "Android" not in click.user_agent
        and (browser := evidence.browsers.get(click.id))
        and browser.engine is BrowserEngine.CHROME
        and browser.version >= _CLIENT_HINTS_SINCE
    }


def impossible_headers(evidence: MessageEvidence) -> SignalMatches:
    """Headers that the browser cannot have sent: of a later version's, or of another system's."""
    contradictions = (
        (click.id, _find_contradiction(click, evidence.browsers[click.id]))
        for click in evidence.clicks_with_headers
        if click.id in evidence.browsers
    )
    return {click_id: words for click_id, words in contradictions if words}


def stale_chrome(evidence: MessageEvidence, *, min_days: int) -> SignalMatches:
    """A Chrome that was replaced so many days before, and no client hints that say the same.

    People's replaces itself within weeks. The last versions for systems that newer ones do not support stay in use for
    years, and some companies hold theirs back: such a browser is as old in its client hints as in its agent, and a
    program that only took an old name has none. Without TLS no browser sends any, and nothing is said.
    """
    found = {}
    for click in evidence.clicks_with_headers:
        browser = evidence.browsers.get(click.id)
        if (
            click.https
            and browser
            and browser.engine is BrowserEngine.CHROME
            and browser.version[0] not in evidence.chrome_releases.final_versions
        ):
            age = evidence.chrome_releases.days_since_replaced(browser.version[0], click.at.date())
            if age >= min_days and _parse_hinted_version(click) != browser.version[0]:
                found[click.id] = f"{browser}, replaced {age} days before"
    return found


def old_internet_explorer(evidence: MessageEvidence) -> SignalMatches:
    """An Internet Explorer before 11, by its agent and by its engine: the modes of 11 for old pages name Trident 7."""
    return {
        click.id: f"Internet Explorer {found[1]}"
        for click in evidence.clicks
        if "MSIE" in click.user_agent and "Trident/7" not in click.user_agent
        if (found := _MSIE_VERSION.search(click.user_agent))
    }


def _lacks_fetch_metadata(click: Click, browser: Browser) -> bool:
    return browser.version >= _FETCH_METADATA_SINCE[browser.engine] and not any(
        name.startswith("sec-fetch-") for name in click.headers
    )


def _find_contradiction(click: Click, browser: Browser) -> str:
    headers = click.headers
    for engine, name, token, since in _ACCEPT_VALUES_SINCE:
        if browser.engine is engine and browser.version < since and token in headers.get(name, ""):
            return f"{browser} with {token}, which came with {engine} {since[0]}"
    hints = headers.get("sec-ch-ua", "")
    if not hints:
        return ""
    if browser.engine is not BrowserEngine.CHROME:
        return f"{browser} with client hints"
    if (hinted := _parse_hinted_version(click)) and hinted != browser.version[0]:
        return f"{browser}, and its client hints say {hinted}"
    platform = headers.get("sec-ch-ua-platform", "")
    if platform and ("Windows" in click.user_agent) != ("Windows" in platform):
        return f"{platform} in client hints, and another system in its agent"
    return ""


def _parse_hinted_version(click: Click) -> int:
    """The version of Chromium by the request's client hints; 0 where they do not say."""
    brand = _CHROMIUM_BRAND.search(click.headers.get("sec-ch-ua", ""))
    return int(brand[1]) if brand else 0
