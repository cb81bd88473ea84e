from collections.abc import Mapping, Sequence
from typing import Any

import httpx2
import pytest
import structlog

from clicktrail.report import CampaignReport
from tests.support.console import ROUTES, ConsoleClient, UnreadableAnalytics, create_console_client
from tests.support.memory_analytics import MemoryAnalytics


class FaultyAnalytics(MemoryAnalytics):
    """Analytics with a bug."""

    async def campaigns(self) -> Sequence[CampaignReport]:
        raise ZeroDivisionError


async def test_unexpected_error_is_logged_and_not_shown() -> None:
    with structlog.testing.capture_logs() as log:
        async with create_console_client(FaultyAnalytics()) as client:
            response = await client.get("/")
    assert (response.status_code, "ZeroDivision" in response.text) == (500, False)
    assert [(entry["path"], type(entry["exc_info"])) for entry in log] == [("/", ZeroDivisionError)]


async def test_storage_error_is_logged_without_its_cause() -> None:
    with structlog.testing.capture_logs() as log:
        async with create_console_client(UnreadableAnalytics()) as client:
            await client.get("/")
    assert [(entry["event"], entry["log_level"], entry["path"], str(entry["error"])) for entry in log] == [
        ("analytics cannot be read", "error", "/", "cannot read")
    ]


async def test_stylesheet_is_served(client: ConsoleClient) -> None:
    response = await client.get("/static/console.css")
    assert (response.status_code, response.headers["content-type"]) == (200, "text/css; charset=utf-8")


@pytest.mark.parametrize("name", ["%00", "console.css%00", "a" * 5000, ".", "%2e%2e%2fapp.py", "a/b", "%ff", "%", ""])
async def test_other_file_names_are_not_found(client: ConsoleClient, name: str) -> None:
    assert (await client.get(f"/static/{name}")).status_code == httpx2.codes.NOT_FOUND


@pytest.mark.parametrize("text", ["%00", "%ff", "%ed%b2%80", "a" * 20_000])
async def test_any_text_can_be_a_parameter(client: ConsoleClient, text: str) -> None:
    paths = (f"/campaign?name={text}", f"/clicks?campaign={text}", f"/clicks?campaign=a&signal={text}")
    assert {(await client.get(path)).status_code for path in paths} == {404}
    assert (await client.get(f"/clicks?campaign=a&before={text}")).status_code == httpx2.codes.BAD_REQUEST


@pytest.mark.usefixtures("spring")
@pytest.mark.parametrize("path", [*ROUTES, "/nothing"])
async def test_every_response_has_security_headers(client: ConsoleClient, path: str) -> None:
    headers: Mapping[str, Any] = (await client.get(path)).headers
    expected = {
        "content-security-policy": "default-src 'self'; frame-ancestors 'none'; form-action 'none'; base-uri 'none'",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "no-store",
    }
    assert {name: headers[name] for name in expected} == expected


@pytest.mark.usefixtures("spring")
@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:8081", 200),
        ("LOCALHOST:8081", 200),
        ("[::1]:8081", 200),
        ("[::1]", 200),
        ("evil.example", 421),
        ("evil.example:8081", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost:evil.example", 421),
        ("", 421),
    ],
)
async def test_other_hosts_than_loopback_are_refused(client: ConsoleClient, host: str, status: int) -> None:
    responses = [await client.get(path, headers={"host": host}) for path in ROUTES]
    assert {response.status_code for response in responses} == {status}
