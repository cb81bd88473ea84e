"""Commands, settings and programs in the how-tos, the README and library.md work."""

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
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from clicktrail import keyring_file
from clicktrail.demo.sink import Sink
from clicktrail.model.event import Click, decode_event
from clicktrail.server.settings import load
from clicktrail.tokens import SealedLink, open_token, seal_token
from clicktrail.tracking import Tracker
from tests.support.command_line import run_clicktrail
from tests.support.recorded_journal import read_journal_lines
from tests.support.serving import running_server

README = Path("README.md")
BEHIND_A_PROXY = Path("docs/howto/behind-a-proxy.md")
CAMPAIGN = Path("docs/howto/campaign.md")
ENGAGEMENT = Path("docs/howto/engagement.md")
ESP_TEMPLATES = Path("docs/howto/esp-templates.md")
LIBRARY = Path("docs/reference/library.md")
CADDY = Path(sys.executable).parent / "caddy"
LOCAL_CADDY_OPTIONS = """\
{{
    admin off
    local_certs
    skip_install_trust
    auto_https disable_redirects
    storage file_system {folder}/caddy
}}
"""
SEALED_LINK = SealedLink(
    destination="https://example.com/boots",
    message_id="m1",
    recipient="anna@example.net",
    campaign="winter",
    position=0,
    link_count=1,
    sent_at=datetime(2026, 11, 23, tzinfo=UTC),
)


def find_code_blocks(page: Path, language: str) -> list[str]:
    """Fenced code blocks of a page in one language, without the indentation of a list."""
    matches = re.findall(rf"^( *)```{language}\n(.*?)^\1```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in matches]


@contextlib.asynccontextmanager
async def running_caddy(caddyfile: str, folder: Path) -> AsyncIterator[None]:
    """Run a real Caddy until the context ends."""
    (folder / "Caddyfile").write_text(caddyfile, "utf-8")
    process = await asyncio.create_subprocess_exec(
        CADDY, "run", "--config", folder / "Caddyfile", stderr=asyncio.subprocess.PIPE, cwd=folder
    )
    assert process.stderr
    missing_messages = {b"serving initial configuration", b"certificate obtained successfully"}
    try:
        async for line in process.stderr:
            missing_messages = {message for message in missing_messages if message not in line}
            if not missing_messages:
                break
        yield
    finally:
        process.terminate()
        await process.communicate()


@pytest.mark.parametrize("page", [README, BEHIND_A_PROXY, ENGAGEMENT], ids=str)
def test_settings_in_pages_are_valid(page: Path, tmp_path: Path) -> None:
    for number, text in enumerate(find_code_blocks(page, "toml")):
        file = tmp_path / f"{number}.toml"
        file.write_text(text, "utf-8")
        load(file, {})
        assert tomllib.loads(text)


def test_commands_in_the_readme_exist(tmp_path: Path) -> None:
    lines = re.findall(r"^ +clicktrail (.+)$", README.read_text("utf-8"), re.MULTILINE)
    commands = {tuple(word for word in shlex.split(line)[:2] if re.fullmatch("[a-z]+", word)) for line in lines}

    utm = {("utm", "lint"), ("utm", "audit")}
    assert commands == {("serve",), ("report",), ("audit",), ("rewrite",), ("inspect",), ("keys", "backup")} | utm
    assert all(run_clicktrail(*command, "--help", folder=tmp_path).returncode == 0 for command in commands)


async def test_edge_behind_the_caddyfile_records_the_reader(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    (site,) = find_code_blocks(BEHIND_A_PROXY, "caddyfile")
    async with running_server(tmp_path) as running:
        local_site = site.replace("links.example.com", f"https://localhost:{port}").replace(
            "127.0.0.1:8080", running.edge.removeprefix("http://")
        )
        options = LOCAL_CADDY_OPTIONS.format(folder=tmp_path)
        async with running_caddy(options + local_site, tmp_path), httpx2.AsyncClient(verify=False) as client:
            response = await client.get(
                f"https://localhost:{port}/{seal_token(running.ring, SEALED_LINK)}",
                headers={"X-Forwarded-For": "203.0.113.9"},
            )
        journal = running.data_folder / "journal"
        (line,) = read_journal_lines(journal)

    click = decode_event(line)
    assert response.headers["location"] == "https://example.com/boots"
    assert isinstance(click, Click)
    assert click.https
    assert click.ip in {"127.0.0.1", "::1"}


def test_python_program_in_the_readme_tracks_a_message(tmp_path: Path) -> None:
    ring = keyring_file.load_or_create(tmp_path / "keys.json", earlier_data_paths=[])
    (tmp_path / "mail.eml").write_bytes(b"Subject: Boots\n\nhttps://example.com/boots\n")
    (example,) = find_code_blocks(README, "python")

    subprocess.run([sys.executable, "-c", example], cwd=tmp_path, check=True)

    token = (tmp_path / "tracked.eml").read_text("utf-8").strip().rpartition("/")[2]
    assert open_token(ring, token).destination == "https://example.com/boots"


def test_library_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "dkim.pem").write_bytes(pem)
    ring = keyring_file.load_or_create(tmp_path / "keys.json", earlier_data_paths=[])
    _, sensitive_example, dkim_example = find_code_blocks(LIBRARY, "python")
    names: dict[str, object] = {"Path": Path, "Tracker": Tracker, "ring": ring}

    monkeypatch.chdir(tmp_path)
    exec(sensitive_example, names)  # noqa: S102
    sensitive_tracker = names["tracker"]
    exec(dkim_example, names)  # noqa: S102

    assert isinstance(sensitive_tracker, Tracker)
    assert sensitive_tracker.sensitive_rules
    assert isinstance(names["tracker"], Tracker)
    assert [key.domain for key in names["tracker"].dkim_keys] == ["example.com"]


async def test_campaign_program_sends_tracked_messages(tmp_path: Path) -> None:
    (program,) = find_code_blocks(CAMPAIGN, "python")
    async with Sink() as sink, running_server(tmp_path) as running:
        local_program = program.replace('"127.0.0.1", 25', f'"127.0.0.1", {sink.port}')
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", local_program, cwd=tmp_path)
        assert await process.wait() == 0
        anna, ben, cleo = (email.message_from_bytes(message.content, policy=SMTP) for message in sink.messages)
        async with httpx2.AsyncClient() as client:
            for message, name in ((anna, "anna"), (ben, "ben")):
                locations = [(await client.get(url)).headers["location"] for url in find_urls(message)]
                assert locations == ["https://example.com/boots"] * 2 + [f"https://example.com/offer/{name}"]
    assert find_urls(cleo) == ["https://example.com/boots"] * 2 + ["https://example.com/offer/cleo"]
    lines = read_journal_lines(running.data_folder / "journal")
    clicks = [event for event in map(decode_event, lines) if isinstance(event, Click)]
    assert {(click.recipient, click.link, click.group) for click in clicks} == {
        ("r-17", 0, ""),
        ("r-17", 1, "offer"),
        ("r-18", 0, ""),
        ("r-18", 1, "offer"),
    }
    assert {click.campaign for click in clicks} == {"2026-11_winter"}
    assert len({click.message_id for click in clicks}) == 2
    assert len(clicks) == 6


def find_urls(message: EmailMessage) -> list[str]:
    """URLs in the plain-text and HTML bodies of a message."""
    bodies = [message.get_body((kind,)) for kind in ("plain", "html")]
    return re.findall(r"http[^\"\s]+", "".join(body.get_content() for body in bodies if body))


def test_template_command_works_for_every_esp(tmp_path: Path) -> None:
    keyring_file.load_or_create(tmp_path / "clicktrail-data" / keyring_file.FILE_NAME, earlier_data_paths=[])
    (tmp_path / "newsletter.html").write_text("<a href=https://example.com/>x</a>", "utf-8")
    page = ESP_TEMPLATES.read_text("utf-8")
    (line,) = re.findall(r"^ +clicktrail (.+)$", page, re.MULTILINE)
    for esp, merge_tag in re.findall(r"^\| `(\w+)` \| `(\S+)` \|", page, re.MULTILINE):
        result = run_clicktrail(*shlex.split(line.replace("klaviyo", esp)), folder=tmp_path)
        assert result.returncode == 0, result.stderr
        assert f"/{merge_tag}>x</a>" in (tmp_path / "template.html").read_text("utf-8")
