"""Consent, keys and other decisions that change after a message was sent apply to its links at once."""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from clicktrail.model.event import AnonymousClick, AnyEvent, Click, decode_event
from clicktrail.tokens import SealedLink, seal_token
from tests.support.recorded_journal import read_journal_lines
from tests.support.serving import RunningServer, running_server
from tests.support.waiting import TIMEOUT_S, wait_until

ANN, BOB = "ann@example.org", "bob@example.org"


def build_tracking_url(server: RunningServer, recipient: str) -> str:
    sealed = SealedLink(
        destination="https://shop.example/boots",
        message_id=f"message to {recipient}",
        recipient=recipient,
        campaign="winter",
        position=0,
        link_count=1,
        sent_at=datetime(2026, 11, 23, tzinfo=UTC),
    )
    return f"{server.edge}/{seal_token(server.ring, sealed)}"


async def run_command(folder: Path, *arguments: str) -> str:
    """Run a command, and return its message."""
    command = (sys.executable, "-m", "clicktrail", *arguments, "--config", str(folder / "clicktrail.toml"))
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, stderr = await process.communicate()
    assert process.returncode == 0, stderr.decode()
    return stderr.decode()


def read_events(folder: Path) -> list[AnyEvent]:
    return [decode_event(line) for line in read_journal_lines(folder / "data" / "journal")]


async def test_clicks_are_anonymous_while_consent_is_denied(tmp_path: Path) -> None:
    async with running_server(tmp_path, workers=1) as server, httpx2.AsyncClient(timeout=TIMEOUT_S) as client:
        ann_url, bob_url = build_tracking_url(server, ANN), build_tracking_url(server, BOB)

        async def click_and_read_event() -> AnyEvent:
            assert (await client.get(ann_url)).headers["location"] == "https://shop.example/boots"
            return read_events(tmp_path)[-1]

        assert (await client.get(ann_url)).is_redirect
        assert [event.recipient for event in read_events(tmp_path)] == [ANN]
        await run_command(tmp_path, "consent", "set", "Ann@example.org", "denied")
        await wait_until(click_and_read_event, lambda event: isinstance(event, AnonymousClick))
        earlier_count = len(read_events(tmp_path))
        assert [(await client.get(url)).status_code for url in (ann_url, bob_url)] == [302, 302]
        assert [event.recipient for event in read_events(tmp_path)[earlier_count:]] == ["", BOB]
        assert "ann@" not in (server.data_folder / "overrides.json").read_text("utf-8").lower()
        await run_command(tmp_path, "consent", "set", ANN, "granted")
        event = await wait_until(click_and_read_event, lambda event: isinstance(event, Click))
    assert event.recipient == ANN


async def test_links_of_a_revoked_key_answer_404(tmp_path: Path) -> None:
    async with running_server(tmp_path, workers=1) as server, httpx2.AsyncClient(timeout=TIMEOUT_S) as client:
        ann_url = build_tracking_url(server, ANN)
        await run_command(tmp_path, "keys", "rotate")
        assert (await client.get(ann_url)).status_code == httpx2.codes.FOUND
        await run_command(tmp_path, "keys", "revoke", "0")
        await wait_until(lambda: client.get(ann_url), lambda response: response.status_code == httpx2.codes.NOT_FOUND)
        bob_url = build_tracking_url(server, BOB)
        assert (await client.get(bob_url)).status_code == httpx2.codes.FOUND
    clicks = [event for event in read_events(tmp_path) if isinstance(event, Click)]
    assert [(click.tampered, click.recipient) for click in clicks[-2:]] == [(True, ""), (False, BOB)]


async def test_each_change_is_in_force_at_the_next_request_once_the_command_ends(tmp_path: Path) -> None:
    async with running_server(tmp_path, workers=3) as server, httpx2.AsyncClient(timeout=TIMEOUT_S) as client:
        url = build_tracking_url(server, ANN)

        async def request_often() -> set[int]:
            """Statuses of requests that reach every worker."""
            requests = [client.get(url, headers={"connection": "close"}) for _ in range(24)]
            return {response.status_code for response in await asyncio.gather(*requests)}

        for change, status in [("disable", 410), ("restore", 302), ("disable", 410), ("restore", 302)]:
            message = await run_command(tmp_path, "links", change, "Shop.example.")
            assert "in force in all 3 edge workers" in message
            assert await request_often() == {status}
        await run_command(tmp_path, "keys", "rotate")
        assert "in force in all 3 edge workers" in await run_command(tmp_path, "keys", "revoke", "0")
        assert await request_often() == {404}


async def test_command_names_the_workers_that_have_not_applied_its_change(tmp_path: Path) -> None:
    async with running_server(tmp_path, workers=1) as server:
        os.kill(server.find_child_pid("edge-0"), signal.SIGSTOP)
        try:
            message = await run_command(tmp_path, "links", "disable", "shop.example")
        finally:
            os.kill(server.find_child_pid("edge-0"), signal.SIGCONT)
    assert "not in force yet in edge-0" in message
    assert "in force when an edge of this data folder starts" in await run_command(
        tmp_path, "links", "restore", "shop.example"
    )
