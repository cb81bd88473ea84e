"""The landing site."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from clicktrail.demo.landing import LandingSite


@pytest.fixture
async def site() -> AsyncIterator[LandingSite]:
    """Give an open site."""
    async with LandingSite() as site:
        yield site


async def test_every_path_has_a_page_that_says_what_the_link_brought(site: LandingSite) -> None:
    async with httpx2.AsyncClient() as client:
        response = await client.get(f"{site.origin}/garlic?utm_source=email&size=3")
    assert 200 == response.status_code
    assert "text/html; charset=utf-8" == response.headers["content-type"]
    assert "<code>/garlic</code>" in response.text
    assert "<code>utm_source</code><td><code>email</code>" in response.text


async def test_what_was_asked_for_is_remembered(site: LandingSite) -> None:
    async with httpx2.AsyncClient() as client:
        await client.get(f"{site.origin}/garlic?utm_source=email")
        await client.head(f"{site.origin}/")
    assert ["/garlic?utm_source=email", "/"] == site.request_targets


async def test_a_query_cannot_write_into_the_page(site: LandingSite) -> None:
    async with httpx2.AsyncClient() as client:
        response = await client.get(f"{site.origin}/?a=%3Cscript%3E")
    assert "&lt;script&gt;" in response.text
    assert "<script>" not in response.text
