from collections.abc import Mapping
from typing import Any

import pytest

from tests.consoles import EVERY_ROUTE, Client


@pytest.mark.usefixtures("spring")
@pytest.mark.parametrize("path", [*EVERY_ROUTE, "/nothing"])
async def test_every_response_is_for_its_reader_only(client: Client, path: str) -> None:
    """No response may be framed, cached, sniffed, run scripts, or tell other sites where it was."""
    headers: Mapping[str, Any] = (await client.get(path)).headers
    expected = {
        "content-security-policy": "default-src 'self'; frame-ancestors 'none'; form-action 'none'; base-uri 'none'",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "no-store",
    }
    assert expected == {name: headers[name] for name in expected}


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
async def test_only_loopback_hosts_are_answered(client: Client, host: str, status: int) -> None:
    """A page of another host that leads its name to this machine gets nothing (DNS rebinding)."""
    answers = [await client.get(path, headers={"host": host}) for path in EVERY_ROUTE]
    assert {status} == {answer.status_code for answer in answers}
