"""clicktrail serve, as the demo runs it."""

from pathlib import Path

import aiosmtplib
import httpx2
import pytest

from clicktrail.demo.serving import serving
from clicktrail.errors import ClicktrailError


async def test_every_part_answers_until_the_end(tmp_path: Path) -> None:
    """Edge, relay and console listen on loopback; afterwards nothing does."""
    async with serving(tmp_path, next_hop="127.0.0.1:1") as addresses, httpx2.AsyncClient() as http:
        assert 200 == (await http.get(f"{addresses.edge}/healthz")).status_code
        assert 200 == (await http.get(addresses.console)).status_code
        host, _, port = addresses.relay.rpartition(":")
        async with aiosmtplib.SMTP(hostname=host, port=int(port), local_hostname="shop.example") as relay:
            assert relay.is_connected
    async with httpx2.AsyncClient() as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get(f"{addresses.edge}/healthz")


async def test_the_user_s_own_settings_stay_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A next hop in the environment, perhaps a real one, is not used."""
    monkeypatch.setenv("CLICKTRAIL_EDGE_LISTEN", "not an address")
    async with serving(tmp_path, next_hop="127.0.0.1:1") as addresses:
        assert addresses.edge.startswith("http://127.0.0.1:")


async def test_a_start_that_fails_says_why(tmp_path: Path) -> None:
    """The last line of the log is the hint."""
    with pytest.raises(ClicktrailError) as failure:
        async with serving(tmp_path, next_hop="nowhere"):
            pass
    assert "nowhere" in failure.value.hint or "host:port" in failure.value.hint
