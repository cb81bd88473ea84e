"""Landing pages: fetched only when asked, and only from the host that the link in the message names."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx2

from clicktrail.model.hosts import extract_host
from clicktrail.server.doctor import analytics_scripts
from clicktrail.server.doctor.findings import Finding, Severity
from clicktrail.utm import query

_TIMEOUT_S = 10.0
_MAX_BYTES = 2_000_000
"""Scripts of analytics are at the beginning or the end of a page; larger pages are cut off."""
_MAX_REDIRECTS = 10
MAX_PAGES = 5
"""Landing pages that are fetched for a message, one for each host."""
_FIRST_ERROR_STATUS = 400
_USER_AGENT = "clicktrail-doctor"


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingPage:
    """What a landing page answered.

    Attributes:
        url: destination of the link.
        hops: URLs that the site redirected to, in order. The last one is not fetched if it has another host.
        status: status of the last answer; 0 if there was none.
        error: why there was none; empty if there was one.
        policies: values of Content-Security-Policy.
    """

    url: str
    hops: tuple[str, ...] = ()
    status: int = 0
    error: str = ""
    html: str = ""
    policies: tuple[str, ...] = ()

    @property
    def final_url(self) -> str:
        """URL where the reader arrives, as far as it is known."""
        return self.hops[-1] if self.hops else self.url

    @property
    def is_elsewhere(self) -> bool:
        """Whether the site redirects to another host, which is not fetched."""
        return extract_host(self.final_url) != extract_host(self.url)


def select_pages(destinations: Iterable[str]) -> list[str]:
    """The first destination of each host."""
    by_host: dict[str, str] = {}
    for url in destinations:
        if host := extract_host(url):
            by_host.setdefault(host, url)
    return list(by_host.values())[:MAX_PAGES]


def fetch_landing_page(url: str) -> LandingPage:
    """Fetch a page, and follow redirects as long as they stay on its host."""
    hops: list[str] = []
    host = extract_host(url)
    try:
        with httpx2.Client(timeout=_TIMEOUT_S, headers={"User-Agent": _USER_AGENT}, follow_redirects=False) as client:
            while len(hops) <= _MAX_REDIRECTS:
                with client.stream("GET", hops[-1] if hops else url) as response:
                    location = response.headers.get("location", "") if response.is_redirect else ""
                    if not location:
                        return _read_page(url, hops, response)
                    hops.append(urljoin(hops[-1] if hops else url, location))
                if extract_host(hops[-1]) != host:
                    return LandingPage(url=url, hops=tuple(hops), status=response.status_code)
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        return LandingPage(url=url, hops=tuple(hops), error=str(error) or type(error).__name__)
    return LandingPage(url=url, hops=tuple(hops), error="it redirects more than ten times")


def _read_page(url: str, hops: list[str], response: httpx2.Response) -> LandingPage:
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > _MAX_BYTES:
            break
    return LandingPage(
        url=url,
        hops=tuple(hops),
        status=response.status_code,
        html=bytes(content[:_MAX_BYTES]).decode("utf-8", "replace"),
        policies=tuple(response.headers.get_list("content-security-policy")),
    )


def diagnose_landing_page(page: LandingPage) -> Iterator[Finding]:
    """Findings about a landing page."""
    host = extract_host(page.url)
    if page.error:
        yield Finding(
            code="landing-page-unreachable",
            severity=Severity.ERROR,
            message=f"the landing page at {host} cannot be fetched: {page.error}",
            hint="open the link in a browser; the site may be down, or its certificate may be wrong",
        )
        return
    if page.status >= _FIRST_ERROR_STATUS:
        yield Finding(
            code="landing-page-fails",
            severity=Severity.ERROR,
            message=f"the landing page {_strip(page.final_url)} answers {page.status}",
            hint="correct the page, or lead the links of sent mail elsewhere: clicktrail links redirect",
        )
        return
    yield from _check_redirects(page)
    if not page.is_elsewhere:
        yield from _check_analytics(page)


def _check_redirects(page: LandingPage) -> Iterator[Finding]:
    urls = [page.url, *page.hops]
    for before, after in zip(urls, page.hops, strict=False):
        if lost := _list_utm(before) - _list_utm(after):
            yield Finding(
                code="utm-lost-in-redirect",
                severity=Severity.WARNING,
                message=f"{_strip(before)} redirects to {_strip(after)} without {', '.join(sorted(lost))}",
                hint="have the site's redirect keep the query (nginx: return 301 …$is_args$args), or link to the page "
                "that it redirects to",
            )
            break
    if _normalize(page.url) != _normalize(page.final_url):
        unseen = "; what is there was not fetched, because it is another host" if page.is_elsewhere else ""
        yield Finding(
            code="landing-page-redirects",
            severity=Severity.NOTE,
            message=f"the site redirects {_strip(page.url)} to {_strip(page.final_url)}{unseen}",
            hint="if readers should arrive elsewhere, change the redirect of the site; clicktrail leads to the former",
        )


def _check_analytics(page: LandingPage) -> Iterator[Finding]:
    host = extract_host(page.final_url)
    found = analytics_scripts.find_analytics(page.html, page.final_url)
    if not found:
        yield Finding(
            code="landing-page-without-analytics",
            severity=Severity.WARNING,
            message=f"the HTML of {_strip(page.final_url)} has no script of a web analytics product that we know",
            hint="add your analytics script to the page; if another script loads it, or the server counts, ignore this",
        )
    for script in found:
        if blocked := analytics_scripts.find_blocked_host(script, page.final_url, page.policies):
            yield Finding(
                code="analytics-blocked",
                severity=Severity.WARNING,
                message=f"the Content-Security-Policy of {host} forbids {blocked}, which {script.product.name} needs",
                hint=f"add {blocked} to script-src and connect-src of the policy",
            )
        yield from _check_product(script, page.final_url)


def _check_product(script: analytics_scripts.FoundScript, url: str) -> Iterator[Finding]:
    host = extract_host(url)
    match script.product.name:
        case "Matomo" if analytics_scripts.has_other_matomo_keys(script):
            yield Finding(
                code="matomo-other-parameters",
                severity=Severity.WARNING,
                message=f"Matomo on {host} reads the campaign from other parameters than utm_campaign",
                hint="add utm_campaign to setCampaignNameKey in the page's tracking code",
            )
        case "Matomo":
            yield Finding(
                code="matomo-campaign-plugin",
                severity=Severity.NOTE,
                message=f"Matomo on {host} shows only utm_campaign and utm_term, and no UTM parameters in page URLs, "
                "unless its plug-in MarketingCampaignsReporting is active",
                hint="install that plug-in from Matomo's marketplace to see source, medium and content",
            )
        case "Umami" if analytics_scripts.excludes_search(script):
            yield Finding(
                code="umami-excludes-search",
                severity=Severity.WARNING,
                message=f'Umami on {host} drops all URL parameters, because its script has data-exclude-search="true"',
                hint="remove that attribute from the script tag",
            )
        case "Plausible" if analytics_scripts.excludes_page(script, url):
            yield Finding(
                code="plausible-excludes-page",
                severity=Severity.WARNING,
                message=f"Plausible on {host} does not count this page: its script has data-exclude or data-include",
                hint="change these attributes of the script tag, or link to a page that is counted",
            )
        case _:
            return


def _list_utm(url: str) -> set[str]:
    return {pair.key.lower() for pair in query.split_url(url).pairs if pair.is_utm and pair.value}


def _strip(url: str) -> str:
    """A URL without its query, which may identify a person."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _normalize(url: str) -> tuple[str, str]:
    """What stays the same when a site only adds TLS, ``www.`` or a slash."""
    parts = urlsplit(url)
    return (parts.hostname or "").removeprefix("www."), parts.path.rstrip("/").lower()
