from collections.abc import AsyncIterator

import httpx2
import pytest

from clicktrail.demo.landing import LandingSite


@pytest.fixture
async def site() -> AsyncIterator[LandingSite]:
    async with LandingSite() as site:
        yield site


async def test_page_shows_path_and_parameters(site: LandingSite) -> None:
    async with httpx2.AsyncClient() as client:
        response = await client.get(f"{site.origin}/garlic?utm_source=email&size=3")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "<code>/garlic</code>" in response.text
    assert "<code>utm_source</code><td><code>email</code>" in response.text


async def test_request_targets_are_recorded(site: LandingSite) -> None:
    async with httpx2.AsyncClient() as client:
        await client.get(f"{site.origin}/garlic?utm_source=email")
        await client.head(f"{site.origin}/")
    assert site.request_targets == ["/garlic?utm_source=email", "/"]


async def test_query_is_escaped(site: LandingSite) -> None:
    async with httpx2.AsyncClient() as client:
        response = await client.get(f"{site.origin}/?a=%3Cscript%3E")
    assert "&lt;script&gt;" in response.text
    assert "<script>" not in response.text
