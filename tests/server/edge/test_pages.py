"""Public pages: texts, languages, settings of tracking domains, and accessibility in a browser."""

import string
from importlib import resources
from typing import Literal

import pytest
from msgspec.structs import asdict

from clicktrail.model.event import Click
from clicktrail.model.tracking_domain import TrackingDomain
from clicktrail.server.edge.pages import (
    DEFAULT_LANGUAGE,
    Pages,
    PageText,
    RecordingOptions,
    load_translations,
    negotiate_language,
)
from clicktrail.server.edge.responses import Response
from clicktrail.server.edge.routes import Site, Sites
from clicktrail.server.pipeline.redirect import Redirect
from tests.support.chromium import chromium, needs_chromium
from tests.support.edge import NOW

DOMAIN = TrackingDomain(
    host="click.example", sender="Tea & Co", contact="<tea@example.com>", home="https://tea.example/?a&b"
)
GERMAN = {"accept-language": "de-DE,de;q=0.9"}
REDIRECT = Redirect(
    location="https://shop.example/?a=b&c='",
    event=Click(id="c1", at=NOW, recipient="ann@example.org", message_id="m1"),
)


def render_all(pages: Pages, headers: dict[str, str]) -> dict[str, Response]:
    rendered = [
        pages.not_found(headers),
        pages.ended(headers),
        pages.unavailable(headers),
        pages.unknown_host(headers),
        pages.home(headers),
    ]
    return {page.head.split()[1].decode(): page for page in rendered}


def test_each_page_has_its_status() -> None:
    assert ["404", "410", "503", "421", "200"] == list(render_all(Pages(DOMAIN, recording=RecordingOptions()), {}))


def test_pages_are_in_the_readers_language() -> None:
    page = Pages(DOMAIN, recording=RecordingOptions()).not_found(GERMAN)
    assert '<html lang="de">' in page.body.decode()
    assert "Dieser Link funktioniert nicht" in page.body.decode()
    assert b"\r\nVary: Accept-Language\r\n" in page.head


@pytest.mark.parametrize("headers", [{}, GERMAN])
def test_pages_show_the_contact(headers: dict[str, str]) -> None:
    with_contact, without_contact = (
        render_all(Pages(DOMAIN, recording=RecordingOptions()), headers),
        render_all(Pages(TrackingDomain(), recording=RecordingOptions()), headers),
    )
    for status in ("404", "410"):
        assert b"&lt;tea@example.com&gt;" in with_contact[status].body
        assert b"{" not in without_contact[status].body.partition(b"</style>")[2]
    assert b'<a href="https://tea.example/?a&amp;b">' in with_contact["200"].body
    assert b"<a" not in without_contact["200"].body


def test_unavailable_page_has_retry_after() -> None:
    head = Pages(DOMAIN, recording=RecordingOptions()).unavailable({}).head
    assert b"\r\nRetry-After: 60\r\n" in head
    assert b"\r\nCache-Control: no-store\r\n" in head


def test_about_page_does_not_name_the_recipient() -> None:
    text = Pages(DOMAIN, recording=RecordingOptions()).about(REDIRECT, host="click.example", headers={}).body.decode()
    assert "Tea &amp; Co &lt;tea@example.com&gt;" in text
    assert '<a href="https://shop.example/?a=b&amp;c=&#x27;" rel="noreferrer">' in text
    assert "After 72 hours" in text
    assert "and which recipient it was sent to." in text
    assert "ann@" not in text


def test_about_page_follows_the_settings() -> None:
    pages = Pages(TrackingDomain(), recording=RecordingOptions(ip_address_hours=5, records_opted_out=False))
    unnamed = Redirect(location=REDIRECT.location, event=Click(id="c1", at=NOW))
    text = pages.about(unnamed, host="click.example", headers={}).body.decode()
    assert "The owner of click.example." in text
    assert "After 5 hours" in text
    assert "Do Not Track: nothing." in text
    assert "but not which recipient it was sent to." in text


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_pass_axe(scheme: Literal["light", "dark"]) -> None:
    axe = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
    pages = Pages(DOMAIN, recording=RecordingOptions())
    responses = [*render_all(pages, GERMAN).values(), pages.about(REDIRECT, host="click.example", headers={})]
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": 320, "height": 640}, color_scheme=scheme)
        for response in responses:
            await page.set_content(response.body.decode())
            overflow = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert (0, 0) == (overflow, await page.locator("script").count())
            await page.evaluate(axe)
            results = await page.evaluate("axe.run({resultTypes: ['violations']})")
            assert [] == [violation["id"] for violation in results["violations"]]
            assert "color-contrast" in {rule["id"] for rule in results["passes"]}


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("DE-ch", "de"),
        ("fr,de;q=0.5,en;q=0.4", "de"),
        ("en,de", "en"),
        ("de;q=0.2,en;q=0.7", "en"),
        ("de;q=0", DEFAULT_LANGUAGE),
        ("fr", DEFAULT_LANGUAGE),
        ("*", DEFAULT_LANGUAGE),
        ("", DEFAULT_LANGUAGE),
        ("de;q=much,en;q=0.1", "en"),
    ],
)
def test_language_is_negotiated(accepted: str, language: str) -> None:
    assert language == negotiate_language(accepted, load_translations())


def test_every_language_has_the_same_placeholders() -> None:
    english = load_translations()[DEFAULT_LANGUAGE]
    for translation in load_translations().values():
        assert _placeholders(translation.ask_sender_at) == _placeholders(english.ask_sender_at)
        assert {name: _placeholders(text) for name, text in asdict(english.about).items()} == {
            name: _placeholders(text) for name, text in asdict(translation.about).items()
        }
        pages = [page for page in asdict(translation).values() if isinstance(page, PageText)]
        assert all(not _placeholders(page.text) and page.title for page in pages)


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


APP_DOMAIN = TrackingDomain(
    host="click.example",
    hsts_days=2,
    apple_app_site_association='{"applinks":{}}',
    assetlinks="[]",
)
BARE = TrackingDomain(host="other.example")


def find_site(sites: Sites, host: str) -> Site:
    site = sites.find(host)
    assert site is not None
    return site


@pytest.mark.parametrize("host", ["click.example", "click.example:8080", "CLICK.example.", "Click.Example.:443"])
def test_site_is_found_by_any_spelling_of_its_host(host: str) -> None:
    sites = Sites([APP_DOMAIN, BARE])
    assert find_site(sites, host) is find_site(sites, "click.example")


@pytest.mark.parametrize(
    "host", ["", "evil.example", "a.click.example", "click.example.evil.example", ":80", "[::1]:80"]
)
def test_other_hosts_have_no_site(host: str) -> None:
    assert Sites([APP_DOMAIN, BARE]).find(host) is None


def test_without_domains_every_host_is_served() -> None:
    sites = Sites()
    assert find_site(sites, "") is find_site(sites, "anything.example:8080")


def test_app_files_are_served() -> None:
    sites = Sites([APP_DOMAIN, BARE])
    fixed, bare = find_site(sites, "click.example").static_pages, find_site(sites, "other.example").static_pages
    apple, android = "/.well-known/apple-app-site-association", "/.well-known/assetlinks.json"
    assert (b'{"applinks":{}}', b"[]") == (fixed[apple]({}).body, fixed[android]({}).body)
    assert b"\r\nContent-Type: application/json\r\n" in fixed[apple]({}).head
    assert set() == {apple, android} & bare.keys()


def test_gpc_support_is_declared() -> None:
    response = find_site(Sites(), "").static_pages["/.well-known/gpc.json"]({})
    assert b'{"gpc":true,"lastUpdate":"2026-11-23"}\n' == response.body


def test_robots_txt_disallows_everything() -> None:
    assert b"User-agent: *\nDisallow: /\n" == find_site(Sites(), "").static_pages["/robots.txt"]({}).body


def test_hsts_is_sent_with_every_response() -> None:
    sites = Sites([APP_DOMAIN, BARE])
    site, bare = find_site(sites, "click.example"), find_site(sites, "other.example")
    field = b"Strict-Transport-Security: max-age=172800\r\n"
    assert (field, b"") == (site.redirect_headers, bare.redirect_headers)
    assert all(
        field in render({}).head for render in (*site.static_pages.values(), site.pages.not_found, site.pages.ended)
    )
    assert all(field not in render({}).head for render in bare.static_pages.values())
