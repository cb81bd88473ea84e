"""Signals from a single request: its method, headers, token and link, and the ESP's bot flag.

A browser always sends Accept-Language. Over TLS it also sends Fetch Metadata (W3C), and Chrome sends client hints
(WICG), from the versions below on. Proxies that intercept TLS may remove all headers that begin with ``Sec-``. Then
only `no_fetch_metadata` matches, so the removal counts once. A program that sends few headers at all lacks
Accept-Language too: then only `no_accept_language` matches.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from clicktrail.judge.evidence import MessageEvidence, SignalMatches
from clicktrail.judge.grouping import VisitorKey, link_key, visitor_keys
from clicktrail.judge.networks import NetworkClass
from clicktrail.judge.user_agents import AgentKind, Browser, BrowserEngine
from clicktrail.model.event import Click
from clicktrail.model.verdict import is_prefetch


def non_get_method(evidence: MessageEvidence) -> SignalMatches:
    """Match methods other than GET; browsers follow links with GET (HTML Standard, section "Navigation")."""
    return {click.id: f"{click.method} request" for click in evidence.clicks if click.method != "GET"}


def preview_user_agent(evidence: MessageEvidence) -> SignalMatches:
    """Match apps that show link previews."""
    return _match_declared_agents(evidence, AgentKind.PREVIEW)


def automation_user_agent(evidence: MessageEvidence) -> SignalMatches:
    """Match programs that identify themselves in ``User-Agent``, or headless Chrome in its client hints."""
    headless = {
        click.id: "client hints say HeadlessChrome"
        for click in evidence.clicks_with_headers
        if "HeadlessChrome" in click.headers.get("sec-ch-ua", "")
    }
    return {**headless, **_match_declared_agents(evidence, AgentKind.AUTOMATION)}


def signed_agent(evidence: MessageEvidence) -> SignalMatches:
    """Match programs that sign their requests and name themselves in ``Signature-Agent`` (Web Bot Auth)."""
    return {
        click.id: f"signed by {agent[:80]}"
        for click in evidence.clicks_with_headers
        if (agent := click.headers.get("signature-agent", "").strip().strip('"'))
        or (agent := _find_bot_signature(click.headers.get("signature-input", "")))
    }


def _find_bot_signature(signature_input: str) -> str:
    return "a program" if 'tag="web-bot-auth"' in signature_input else ""


def no_user_agent(evidence: MessageEvidence) -> SignalMatches:
    """Match our own clicks without ``User-Agent``; an ESP may leave it out of its events."""
    own_clicks = (click for click in evidence.clicks if not _is_from_esp(click))
    return {click.id: "no User-Agent" for click in own_clicks if not click.user_agent.strip()}


def prefetch(evidence: MessageEvidence) -> SignalMatches:
    """Match prefetches, unless the page saw engagement: then the browser showed the prefetched page after a click."""
    prefetches = (click for click in evidence.clicks if is_prefetch(click))
    return {click.id: "prefetched by the browser" for click in prefetches if click.id not in evidence.engagements}


def tampered_token(evidence: MessageEvidence) -> SignalMatches:
    """Match clicks whose token could not be opened."""
    return {click.id: "the link's token was tampered with" for click in evidence.clicks if click.tampered}


def trap_link(evidence: MessageEvidence) -> SignalMatches:
    """Match clicks on hidden links."""
    return {click.id: "followed a hidden link" for click in evidence.clicks if click.trap}


def esp_bot(evidence: MessageEvidence) -> SignalMatches:
    """Match clicks that the ESP flagged as a bot's."""
    return {click.id: f"{click.esp or click.source} flagged it as a bot" for click in evidence.clicks if click.esp_bot}


def _match_declared_agents(evidence: MessageEvidence, kind: AgentKind) -> SignalMatches:
    return {
        click_id: f"calls itself {agent.name}"
        for click_id, agent in evidence.declared_agents.items()
        if agent.kind is kind
    }


_FETCH_METADATA_SINCE: Final = {
    BrowserEngine.CHROME: (80, 0),
    BrowserEngine.FIREFOX: (90, 0),
    BrowserEngine.SAFARI: (16, 4),
}
"""First version with Fetch Metadata. MDN, browser compatibility of Sec-Fetch-Mode."""

_CLIENT_HINTS_SINCE: Final = (89, 0)
"""First Chrome version with client hints. Chrome Platform Status, "User-Agent Client Hints"; others send none."""

_ACCEPT_VALUES_SINCE: Final = (
    (BrowserEngine.CHROME, "accept-encoding", "zstd", (123, 0)),
    (BrowserEngine.FIREFOX, "accept-encoding", "zstd", (126, 0)),
    (BrowserEngine.CHROME, "accept", "image/jxl", (145, 0)),
    (BrowserEngine.CHROME, "accept", "image/avif", (85, 0)),
    (BrowserEngine.FIREFOX, "accept", "image/avif", (93, 0)),
)
"""First browser version that accepts a compression or an image format. Chrome Platform Status and MDN."""

_SYSTEMS: Final = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("CrOS", "Chrome OS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)
"""Token of a User-Agent, and the operating system that it claims; Android's also contains ``Linux``."""

_SYSTEMS_OF_PLATFORM: Final = {
    "Windows": {"Windows"},
    "macOS": {"macOS"},
    "Mac OS X": {"macOS"},
    "Linux": {"Linux"},
    "Android": {"Android", "Linux"},
    "Chrome OS": {"Chrome OS"},
    "Chromium OS": {"Chrome OS"},
}
"""By value of ``Sec-CH-UA-Platform``, the systems that a User-Agent may claim (WICG, User-Agent Client Hints).

A phone that requests the desktop site claims Linux in its User-Agent. Other values say nothing, such as ``Unknown``."""

_COMPARED_HEADERS: Final = ("accept", "accept-encoding", "sec-ch-ua", "sec-ch-ua-platform", "sec-ch-ua-mobile")
_CACHE_SIZE = 4_096
"""Readers share a few hundred browsers and their headers."""

_MSIE_VERSION = re.compile(r"MSIE (\d{1,2})\.")
_CHROMIUM_BRAND = re.compile(r'"Chromium";v="(\d{1,6})"')


def no_accept_language(evidence: MessageEvidence) -> SignalMatches:
    """Match requests without ``Accept-Language``."""
    return {
        click.id: "no Accept-Language"
        for click in evidence.clicks_with_headers
        if "accept-language" not in click.headers
    }


def no_fetch_metadata(evidence: MessageEvidence) -> SignalMatches:
    """Match requests over TLS without the ``Sec-Fetch`` headers that the claimed browser sends.

    A request without ``Accept-Language`` is left to `no_accept_language`, so that one cause counts once.
    """
    return {
        click.id: f"{evidence.browsers[click.id]} without Sec-Fetch headers"
        for click in evidence.clicks_with_headers
        if click.id in evidence.browsers
        and click.https
        and "accept-language" in click.headers
        and _lacks_fetch_metadata(click, evidence.browsers[click.id])
    }


def no_client_hints(evidence: MessageEvidence) -> SignalMatches:
    """Match desktop Chrome over TLS with ``Sec-Fetch`` headers but without client hints.

    The ``Sec-Fetch`` headers show that no proxy removed the hints. Chromium sends no client hints if a script replaces
    its User-Agent. Apps on phones do the same with their web views, so Android is left out.
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
    """Match headers that the claimed browser cannot send: those of a later version or of another operating system."""
    return find_contradictions(evidence)


def find_contradictions(evidence: MessageEvidence) -> SignalMatches:
    """Contradictions between ``User-Agent`` and other headers, by click ID."""
    contradictions = (
        (
            click.id,
            _find_contradiction(
                evidence.browsers[click.id],
                click.user_agent,
                tuple([click.headers.get(name, "") for name in _COMPARED_HEADERS]),
            ),
        )
        for click in evidence.clicks_with_headers
        if click.id in evidence.browsers
    )
    return {click_id: contradiction for click_id, contradiction in contradictions if contradiction}


def stale_chrome(evidence: MessageEvidence, *, min_days: int) -> SignalMatches:
    """Match a claimed Chrome version that was replaced ``min_days`` ago or more, if client hints do not confirm it.

    Chrome updates itself within weeks. A browser that a company does not update claims the same old version in its
    client hints, while a program with an old User-Agent has none. The final version for an old operating system never
    matches on that system. Without TLS no browser sends client hints, so only clicks over TLS match, and those whose
    source reports no headers at all.
    """
    matches = {}
    for click in evidence.clicks:
        browser = evidence.browsers.get(click.id)
        if browser and browser.engine is BrowserEngine.CHROME and (click.https or not _has_headers(click)):
            version = browser.version[0]
            days = evidence.chrome_releases.days_since_replaced(version, click.at.date())
            if (
                days >= min_days
                and not evidence.chrome_releases.is_final_version(version, click.user_agent)
                and _parse_hinted_version(click.headers.get("sec-ch-ua", "")) != version
            ):
                matches[click.id] = f"{browser}, replaced {days} days before"
    return matches


def relay_program(evidence: MessageEvidence, *, min_days: int) -> SignalMatches:
    """Match programs in the networks of private relays, where people's browsers are current.

    A relay's customers are people with a current system, so `stale_chrome` there is a program's.
    """
    if not any(network.network_class is NetworkClass.CDN_RELAY for network in evidence.networks.values()):
        return {}
    return {
        click_id: f"{evidence.browsers[click_id]} in the network {evidence.networks[click_id]}"
        for click_id in stale_chrome(evidence, min_days=min_days)
        if click_id in evidence.networks and evidence.networks[click_id].network_class is NetworkClass.CDN_RELAY
    }


def late_browser(evidence: MessageEvidence, *, min_delay_s: float, max_links: int, max_days: int) -> SignalMatches:
    """Match one or two late clicks from a data centre by a browser whose headers are complete and agree.

    Where the source reports no headers, the claimed browser must be Firefox, Safari, or a Chrome version that was
    replaced at most ``max_days`` before. The visitor, by network and User-Agent or by /24, followed at most
    ``max_links`` links of the message in all.
    """
    if evidence.arrived_at is None or not evidence.datacentre_click_ids:
        return {}
    late_clicks = [
        click
        for click in evidence.clicks
        if click.id in evidence.datacentre_click_ids
        and (click.at - evidence.arrived_at).total_seconds() >= min_delay_s
        and _is_credible(evidence, click, max_days=max_days)
    ]
    if not late_clicks:
        return {}
    links_by_visitor: dict[VisitorKey, set[int | str]] = {}
    for click in evidence.clicks:
        for key in visitor_keys(evidence, click):
            links_by_visitor.setdefault(key, set()).add(link_key(click))
    contradictions = find_contradictions(evidence)
    return {
        click.id: f"{_describe_browser(evidence, click)}, over {min_delay_s / 3_600:g} h after arrival"
        for click in late_clicks
        if click.id not in contradictions
        and click.id not in evidence.declared_agents
        and all(len(links_by_visitor[key]) <= max_links for key in visitor_keys(evidence, click))
    }


def _describe_browser(evidence: MessageEvidence, click: Click) -> str:
    return f"{evidence.browsers[click.id]}{' with all its headers' if not _is_from_esp(click) else ''}"


def _is_credible(evidence: MessageEvidence, click: Click, *, max_days: int) -> bool:
    browser = evidence.browsers.get(click.id)
    if browser is None or not _is_from_esp(click):
        return _has_all_headers(click, browser)
    return (
        browser.engine is not BrowserEngine.CHROME
        or evidence.chrome_releases.days_since_replaced(browser.version[0], click.at.date()) <= max_days
    )


def _is_from_esp(click: Click) -> bool:
    return bool(click.esp) or click.source != "clicktrail"


def _has_headers(click: Click) -> bool:
    return bool(click.headers) and not click.esp


def _has_all_headers(click: Click, browser: Browser | None) -> bool:
    """Whether a request over TLS has every header that its browser sends, with the claimed version."""
    if not (click.https and browser and "accept-language" in click.headers) or _lacks_fetch_metadata(click, browser):
        return False
    return (
        browser.engine is not BrowserEngine.CHROME
        or _parse_hinted_version(click.headers.get("sec-ch-ua", "")) == browser.version[0]
    )


def old_internet_explorer(evidence: MessageEvidence) -> SignalMatches:
    """Match Internet Explorer 10 and older. Version 11 names Trident 7, even where it claims an older version."""
    return {
        click.id: f"Internet Explorer {version[1]}"
        for click in evidence.clicks
        if "MSIE" in click.user_agent and "Trident/7" not in click.user_agent
        if (version := _MSIE_VERSION.search(click.user_agent))
    }


def _lacks_fetch_metadata(click: Click, browser: Browser) -> bool:
    return browser.version >= _FETCH_METADATA_SINCE[browser.engine] and not any(
        name.startswith("sec-fetch-") for name in click.headers
    )


@lru_cache(_CACHE_SIZE)
def _find_contradiction(browser: Browser, user_agent: str, header_values: tuple[str, ...]) -> str:
    headers = dict(zip(_COMPARED_HEADERS, header_values, strict=True))
    for engine, header, value, since in _ACCEPT_VALUES_SINCE:
        if browser.engine is engine and browser.version < since and value in headers[header]:
            return f"{browser} with {value}, which came with {engine} {since[0]}"
    return _find_hint_contradiction(browser, user_agent, headers) if headers["sec-ch-ua"] else ""


def _find_hint_contradiction(browser: Browser, user_agent: str, headers: Mapping[str, str]) -> str:
    if browser.engine is not BrowserEngine.CHROME:
        return f"{browser} with client hints"
    if (hinted_version := _parse_hinted_version(headers["sec-ch-ua"])) and hinted_version != browser.version[0]:
        return f"{browser}, but client hints say {hinted_version}"
    platform = headers["sec-ch-ua-platform"].strip('" ')
    system = next((system for token, system in _SYSTEMS if token in user_agent), "")
    if system and system not in _SYSTEMS_OF_PLATFORM.get(platform, {system}):
        return f"client hints say {platform}, the User-Agent {system}"
    is_mobile = "Mobile" in user_agent
    if headers["sec-ch-ua-mobile"] == ("?0" if is_mobile else "?1"):
        return f"{'mobile' if is_mobile else 'desktop'} User-Agent, but client hints say the opposite"
    return ""


def _parse_hinted_version(hints: str) -> int:
    """Chromium's major version in ``Sec-CH-UA``; 0 if missing."""
    brand = _CHROMIUM_BRAND.search(hints)
    return int(brand[1]) if brand else 0
