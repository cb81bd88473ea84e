"""What is taken back after a message was sent holds for its links, in what runs."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from clicktrail.model.event import AnonymousClick, AnyEvent, Click, decode_event
from clicktrail.tokens import SealedLink, seal_token
from tests.support.recorded_journal import read_journal_lines
from tests.support.serving import RunningServer, running_server

ANN, BOB = "ann@example.org", "bob@example.org"


def link(running: RunningServer, recipient: str) -> str:
    """The tracking URL of a message sent to somebody."""
    sealed = SealedLink(
        destination="https://shop.example/boots",
        message_id=f"message to {recipient}",
        recipient=recipient,
        campaign="winter",
        position=0,
        link_count=1,
        sent_at=datetime(2026, 11, 23, tzinfo=UTC),
    )
    return f"{running.edge}/{seal_token(running.ring, sealed)}"


async def clicktrail(folder: Path, *words: str) -> None:
    """Run a command beside what runs."""
    command = (sys.executable, "-m", "clicktrail", *words, "--config", str(folder / "clicktrail.toml"))
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, told = await process.communicate()
    assert process.returncode == 0, told.decode()


def journal(folder: Path) -> list[AnyEvent]:
    """What was recorded."""
    return [decode_event(line) for line in read_journal_lines(folder / "data" / "journal")]


async def test_clicks_of_who_denies_are_anonymous_from_then_on(tmp_path: Path) -> None:
    async with running_server(tmp_path, workers=1) as running, httpx2.AsyncClient() as client:
        ann, bob = link(running, ANN), link(running, BOB)

        async def until_recorded(kind: type[Click | AnonymousClick]) -> None:
            async with asyncio.timeout(10):
                while not isinstance(journal(tmp_path)[-1], kind):
                    assert (await client.get(ann)).headers["location"] == "https://shop.example/boots"

        assert (await client.get(ann)).is_redirect
        assert [event.recipient for event in journal(tmp_path)] == [ANN]
        await clicktrail(tmp_path, "consent", "set", "Ann@example.org", "denied")
        await until_recorded(AnonymousClick)
        seen = len(journal(tmp_path))
        assert [(await client.get(url)).status_code for url in (ann, bob)] == [302, 302]
        assert [event.recipient for event in journal(tmp_path)[seen:]] == ["", BOB]
        assert "ann@" not in (running.data_folder / "overrides.json").read_text("utf-8").lower()
        await clicktrail(tmp_path, "consent", "set", ANN, "granted")
        await client.get(ann)
        await until_recorded(Click)
    assert journal(tmp_path)[-1].recipient == ANN


async def test_the_links_of_a_revoked_key_are_dead_at_once(tmp_path: Path) -> None:
    async with running_server(tmp_path, workers=1) as running, httpx2.AsyncClient() as client:
        url = link(running, ANN)
        await clicktrail(tmp_path, "keys", "rotate")
        assert (await client.get(url)).status_code == httpx2.codes.FOUND
        await clicktrail(tmp_path, "keys", "revoke", "0")
        async with asyncio.timeout(10):
            while (await client.get(url)).status_code != httpx2.codes.NOT_FOUND:
                pass
        after = link(running, BOB)
        assert (await client.get(after)).status_code == httpx2.codes.FOUND
    clicks = [event for event in journal(tmp_path) if isinstance(event, Click)]
    assert [(click.tampered, click.recipient) for click in clicks[-2:]] == [(True, ""), (False, BOB)]
