"""The public pages, as bytes and as a browser shows them."""

from importlib import resources
from typing import Literal

import pytest

from clicktrail.model.event import Click
from clicktrail.server.edge.pages import Pages, Records
from clicktrail.server.edge.responses import Response
from clicktrail.server.pipeline.domains import Domain
from clicktrail.server.pipeline.redirect import Redirect
from tests.browsers import chromium, needs_chromium
from tests.edges import NOW

DOMAIN = Domain(host="click.example", sender="Tea & Co", contact="<tea@example.com>", home="https://tea.example/?a&b")
GERMAN = {"accept-language": "de-DE,de;q=0.9"}
REDIRECT = Redirect(
    location="https://shop.example/?a=b&c='",
    event=Click(id="c1", at=NOW, recipient="ann@example.org", message_id="m1"),
)


def every(pages: Pages, headers: dict[str, str]) -> dict[str, Response]:
    """All pages by the status that they come with."""
    found = [
        pages.damaged(headers),
        pages.ended(headers),
        pages.unavailable(headers),
        pages.elsewhere(headers),
        pages.home(headers),
    ]
    return {page.head.split()[1].decode(): page for page in found}


def test_each_page_has_its_status() -> None:
    """What is wrong, in the words of HTTP."""
    assert ["404", "410", "503", "421", "200"] == list(every(Pages(DOMAIN, records=Records()), {}))


def test_pages_come_in_the_readers_language() -> None:
    """And say which it is, also to caches on the way."""
    page = Pages(DOMAIN, records=Records()).damaged(GERMAN)
    assert '<html lang="de">' in page.body.decode()
    assert "Dieser Link funktioniert nicht" in page.body.decode()
    assert b"\r\nVary: Accept-Language\r\n" in page.head


@pytest.mark.parametrize("headers", [{}, GERMAN])
def test_pages_name_a_contact_where_there_is_one(headers: dict[str, str]) -> None:
    """As text, whatever the setting holds."""
    told, untold = every(Pages(DOMAIN, records=Records()), headers), every(Pages(Domain(), records=Records()), headers)
    for status in ("404", "410"):
        assert b"&lt;tea@example.com&gt;" in told[status].body
        assert b"{" not in untold[status].body.partition(b"</style>")[2]
    assert b'<a href="https://tea.example/?a&amp;b">' in told["200"].body
    assert b"<a" not in untold["200"].body


def test_who_is_to_come_again_is_told_when() -> None:
    """RFC 9110 section 10.2.3; and that no cache may answer instead."""
    head = Pages(DOMAIN, records=Records()).unavailable({}).head
    assert b"\r\nRetry-After: 60\r\n" in head
    assert b"\r\nCache-Control: no-store\r\n" in head


def test_the_page_about_a_link_tells_all_but_the_recipient() -> None:
    """Sender, destination and records; who has the link from somebody else must not learn from whom."""
    text = Pages(DOMAIN, records=Records()).about(REDIRECT, host="click.example", headers={}).body.decode()
    assert "Tea &amp; Co &lt;tea@example.com&gt;" in text
    assert '<a href="https://shop.example/?a=b&amp;c=&#x27;" rel="noreferrer">' in text
    assert "After 72 hours" in text
    assert "and whose copy of it." in text
    assert "ann@" not in text


def test_the_page_about_a_link_tells_of_the_settings_in_force() -> None:
    """Whatever they are."""
    pages = Pages(Domain(), records=Records(address_hours=5, opted_out=False))
    unnamed = Redirect(location=REDIRECT.location, event=Click(id="c1", at=NOW))
    text = pages.about(unnamed, host="click.example", headers={}).body.decode()
    assert "The owner of click.example." in text
    assert "After 5 hours" in text
    assert "Do Not Track: nothing." in text
    assert "but not whose copy of it." in text


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_wrong(scheme: Literal["light", "dark"]) -> None:
    """By its rules anybody can read the pages, in either scheme; on a narrow screen, too, and without script."""
    axe = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
    pages = Pages(DOMAIN, records=Records())
    shown = [*every(pages, GERMAN).values(), pages.about(REDIRECT, host="click.example", headers={})]
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": 320, "height": 640}, color_scheme=scheme)
        for response in shown:
            await page.set_content(response.body.decode())
            overflow = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert (0, 0) == (overflow, await page.locator("script").count())
            await page.evaluate(axe)
            found = await page.evaluate("axe.run({resultTypes: ['violations']})")
            assert [] == [violation["id"] for violation in found["violations"]]
            assert "color-contrast" in {rule["id"] for rule in found["passes"]}
