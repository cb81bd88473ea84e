"""What the how-tos and the README tell people to type works."""

import asyncio
import contextlib
import email
import re
import shlex
import socket
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import httpx2
import pytest

from clicktrail import keyring_file
from clicktrail.demo.sink import Sink
from clicktrail.model.event import Click, decode_event
from clicktrail.server.settings import load
from clicktrail.tokens import SealedLink, open_token, seal_token
from tests.support.command_line import run_clicktrail
from tests.support.recorded_journal import read_journal_lines
from tests.support.serving import running_server

README = Path("README.md")
BEHIND_A_PROXY = Path("docs/howto/behind-a-proxy.md")
CAMPAIGN = Path("docs/howto/campaign.md")
ENGAGEMENT = Path("docs/howto/engagement.md")
ESP_TEMPLATES = Path("docs/howto/esp-templates.md")
CADDY = Path(sys.executable).parent / "caddy"
LOCAL_OPTIONS = """\
{{
    admin off
    local_certs
    skip_install_trust
    auto_https disable_redirects
    storage file_system {folder}/caddy
}}
"""
SEALED = SealedLink(
    destination="https://example.com/boots",
    message_id="m1",
    recipient="anna@example.net",
    campaign="winter",
    position=0,
    link_count=1,
    sent_at=datetime(2026, 11, 23, tzinfo=UTC),
)


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in one language, without the indentation of the list they stand in."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


@contextlib.asynccontextmanager
async def caddy(caddyfile: str, folder: Path) -> AsyncIterator[None]:
    """A real Caddy, until the context ends."""
    (folder / "Caddyfile").write_text(caddyfile, "utf-8")
    process = await asyncio.create_subprocess_exec(
        CADDY, "run", "--config", folder / "Caddyfile", stderr=asyncio.subprocess.PIPE, cwd=folder
    )
    assert process.stderr
    awaited = {b"serving initial configuration", b"certificate obtained successfully"}
    try:
        async for line in process.stderr:
            awaited = {message for message in awaited if message not in line}
            if not awaited:
                break
        yield
    finally:
        process.terminate()
        await process.communicate()


@pytest.mark.parametrize("page", [README, BEHIND_A_PROXY, ENGAGEMENT], ids=str)
def test_the_settings_shown_are_settings(page: Path, tmp_path: Path) -> None:
    for number, text in enumerate(blocks(page, "toml")):
        file = tmp_path / f"{number}.toml"
        file.write_text(text, "utf-8")
        load(file, {})

        assert tomllib.loads(text)


def test_the_commands_of_the_readme_exist(tmp_path: Path) -> None:
    lines = re.findall(r"^ +clicktrail (.+)$", README.read_text("utf-8"), re.MULTILINE)
    commands = {tuple(word for word in shlex.split(line)[:2] if re.fullmatch("[a-z]+", word)) for line in lines}

    utm = {("utm", "lint"), ("utm", "audit")}
    assert {("serve",), ("report",), ("audit",), ("rewrite",), ("inspect",), ("keys", "backup")} | utm == commands
    assert all(0 == run_clicktrail(*command, "--help", folder=tmp_path).returncode for command in commands)


async def test_behind_the_caddyfile_the_edge_sees_the_reader(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (site,) = blocks(BEHIND_A_PROXY, "caddyfile")
    async with running_server(tmp_path) as running:
        local = site.replace("links.example.com", f"https://localhost:{port}").replace(
            "127.0.0.1:8080", running.edge.removeprefix("http://")
        )
        options = LOCAL_OPTIONS.format(folder=tmp_path)
        async with caddy(options + local, tmp_path), httpx2.AsyncClient(verify=False) as client:
            response = await client.get(
                f"https://localhost:{port}/{seal_token(running.ring, SEALED)}",
                headers={"X-Forwarded-For": "203.0.113.9"},
            )
        journal = running.data_folder / "journal"
        (line,) = read_journal_lines(journal)

    click = decode_event(line)
    assert "https://example.com/boots" == response.headers["location"]
    assert isinstance(click, Click)
    assert click.https
    assert click.ip in {"127.0.0.1", "::1"}


def test_the_readme_shows_how_to_rewrite_from_python(tmp_path: Path) -> None:
    ring = keyring_file.load_or_create(tmp_path / "keys.json", earlier_data_paths=[])
    (tmp_path / "mail.eml").write_bytes(b"Subject: Boots\n\nhttps://example.com/boots\n")
    (example,) = blocks(README, "python")

    subprocess.run([sys.executable, "-c", example], cwd=tmp_path, check=True)

    token = (tmp_path / "tracked.eml").read_text("utf-8").strip().rpartition("/")[2]
    assert "https://example.com/boots" == open_token(ring, token).destination


async def test_a_campaign_from_python_is_sent_and_followed(tmp_path: Path) -> None:
    (program,) = blocks(CAMPAIGN, "python")
    async with Sink() as sink, running_server(tmp_path) as running:
        sending = program.replace('"127.0.0.1", 25', f'"127.0.0.1", {sink.port}')
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", sending, cwd=tmp_path)
        assert 0 == await process.wait()
        anna, ben, cleo = (email.message_from_bytes(message.content, policy=SMTP) for message in sink.messages)
        async with httpx2.AsyncClient() as client:
            for message, name in ((anna, "anna"), (ben, "ben")):
                arrived = [(await client.get(url)).headers["location"] for url in urls_of(message)]
                assert ["https://example.com/boots"] * 2 + [f"https://example.com/offer/{name}"] == arrived
    assert ["https://example.com/boots"] * 2 + ["https://example.com/offer/cleo"] == urls_of(cleo)
    lines = read_journal_lines(running.data_folder / "journal")
    clicks = [event for event in map(decode_event, lines) if isinstance(event, Click)]
    assert {("r-17", 0, ""), ("r-17", 1, "offer"), ("r-18", 0, ""), ("r-18", 1, "offer")} == {
        (click.recipient, click.link, click.group) for click in clicks
    }
    assert ({"2026-11_winter"}, 2, 6) == (
        {click.campaign for click in clicks},
        len({click.message_id for click in clicks}),
        len(clicks),
    )


def urls_of(message: EmailMessage) -> list[str]:
    """Where the links of a message's text and HTML lead."""
    bodies = [message.get_body((kind,)) for kind in ("plain", "html")]
    return re.findall(r"http[^\"\s]+", "".join(body.get_content() for body in bodies if body))


def test_the_template_of_the_how_to_is_written(tmp_path: Path) -> None:
    keyring_file.load_or_create(tmp_path / "clicktrail-data" / keyring_file.FILE_NAME, earlier_data_paths=[])
    (tmp_path / "newsletter.html").write_text("<a href=https://example.com/>x</a>", "utf-8")
    page = ESP_TEMPLATES.read_text("utf-8")
    (line,) = re.findall(r"^ +clicktrail (.+)$", page, re.MULTILINE)
    for esp, tag in re.findall(r"^\| `(\w+)` \| `(\S+)` \|", page, re.MULTILINE):
        done = run_clicktrail(*shlex.split(line.replace("klaviyo", esp)), folder=tmp_path)
        assert 0 == done.returncode, done.stderr
        assert f"/{tag}>x</a>" in (tmp_path / "template.html").read_text("utf-8")
