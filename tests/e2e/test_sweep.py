"""A scanner that goes over many people's mail, one link each: only what one address did elsewhere gives it away."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from clicktrail.tokens import KeyRing, SealedLink, seal_token
from tests.support.command_line import run_clicktrail
from tests.support.recorded_journal import read_journal_lines
from tests.support.serving import running_server, wait_for_report

BROWSER = {
    "User-Agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Accept": "text/html,application/xhtml+xml",
    "Accept-Language": "en",
}
SCANNER, PERSON = "86.128.0.9", "86.128.0.10"
"""Two addresses of an access network, of which no list tells anything."""


def link_to(recipient: str, ring: KeyRing) -> str:
    """The first link of a recipient's message."""
    sealed = SealedLink(
        destination="https://shop.example/offer",
        message_id=f"to {recipient}",
        recipient=recipient,
        campaign="autumn",
        position=0,
        link_count=3,
        sent_at=datetime(2026, 11, 23, tzinfo=UTC),
    )
    return "/" + seal_token(ring, sealed)


async def test_a_sweep_over_many_messages_is_suspected_live_and_in_an_audit(tmp_path: Path) -> None:
    swept = [f"{number}@{'abcdab'[number]}.example" for number in range(6)]
    async with running_server(tmp_path) as running:
        async with httpx2.AsyncClient(base_url=running.edge, headers=BROWSER) as client:
            await client.get(link_to("ann@a.example", running.ring), headers={"X-Forwarded-For": PERSON})
            await wait_for_report(running, "autumn", clicks=1)
            for recipient in swept:
                await client.get(link_to(recipient, running.ring), headers={"X-Forwarded-For": SCANNER})
        report = await wait_for_report(running, "autumn", clicks=7)
    assert (report["clicks"]["human"], report["clicks"]["suspected"]) == (1, 6)
    assert {"shared-address": 6}.items() <= {of["signal"]: of["clicks"] for of in report["reasons"]}.items()

    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(line + b"\n" for line in read_journal_lines(tmp_path / "data" / "journal")))
    audited = await asyncio.to_thread(run_clicktrail, "audit", "--json", str(log), folder=tmp_path)
    (campaign,) = json.loads(audited.stdout)["campaigns"]
    assert report["clicks"] == campaign["clicks"]
