"""``clicktrail domain add`` and ``check`` with a small DNS, and an edge behind a proxy with TLS."""

import asyncio
import contextlib
import json
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clicktrail import keyring_file
from tests.support.certificates import Authority
from tests.support.command_line import run_clicktrail
from tests.support.small_dns import small_dns
from tests.support.worker_process import running_worker

RECORDS = """\
edge.example.test. 60 IN A 127.0.0.1
links.example.test. 60 IN CNAME edge.example.test.
click.example.test. 60 IN CNAME sendgrid.net.
elsewhere.example.test. 60 IN A 127.0.0.9
example.test.dbl.spamhaus.org. 60 IN A 127.255.255.254
example.test.multi.surbl.org. 60 IN A 127.0.0.64
"""
OLD_RECORDS = RECORDS.replace("links.example.test. 60 IN CNAME edge.example.test.", "")
HOST = "links.example.test"
KEYS = ["code", "status", "found", "expected", "cause", "fix"]


@dataclass(kw_only=True)
class Installation:
    """A folder with settings that name the small DNS.

    Attributes:
        http: port that checks connect to for HTTP.
        https: port that checks connect to for HTTPS.
        authority: issues certificates that the commands trust.
    """

    folder: Path
    http: int
    https: int
    authority: Authority

    def run(self, *arguments: str, status: int = 0) -> tuple[str, str]:
        """Run a command of ``clicktrail domain``. Returns standard output and standard error."""
        process = run_clicktrail("domain", *arguments, folder=self.folder)
        assert process.returncode == status, process.stdout + process.stderr
        return process.stdout, process.stderr

    def check(self, host: str, *options: str, status: int) -> dict[str, Any]:
        """Check a host that was added; only the document is on standard output."""
        output, _ = self.run("check", host, "--json", *options, status=status)
        report: dict[str, Any] = json.loads(output)
        assert list(report) == ["domain", "status", "checks", "next_step"]
        assert all(list(row) == KEYS for row in report["checks"])
        return report


def install(folder: Path, dns_port: int, monkeypatch: pytest.MonkeyPatch) -> Installation:
    authority = Authority(folder)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with contextlib.ExitStack() as stack:
        http, https = [stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(2)]
    (folder / "clicktrail.toml").write_text(
        f'[domains]\ntargets = ["edge.example.test"]\nhttp_port = {http}\nhttps_port = {https}\n'
        f'[dns]\nresolvers = ["127.0.0.1"]\nport = {dns_port}\ntimeout = 1\n',
        "utf-8",
    )
    return Installation(folder=folder, http=http, https=https, authority=authority)


@contextlib.asynccontextmanager
async def serving_edge(installation: Installation) -> AsyncIterator[None]:
    """Run an edge behind a proxy that terminates TLS and redirects HTTP."""
    keyring_file.load_or_create(installation.folder / "clicktrail-data" / keyring_file.FILE_NAME, earlier_data_paths=[])

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ")[1]
        location = f"https://{HOST}:{installation.https}{path}"
        writer.write(f"HTTP/1.1 308 Permanent Redirect\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())
        writer.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:

        async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            edge_reader, edge_writer = await asyncio.open_connection(*listening.getsockname())
            edge_writer.write(await reader.readuntil(b"\r\n\r\n"))
            writer.write(await edge_reader.read(65_536))  # a proof is one short answer
            edge_writer.close()
            writer.close()

        context = installation.authority.create_context(HOST)
        async with (
            running_worker("edge", installation.folder, [listening]),
            await asyncio.start_server(redirect, "127.0.0.1", installation.http),
            await asyncio.start_server(forward, "127.0.0.1", installation.https, ssl=context),
        ):
            yield


async def run_in_thread(installation: Installation, *arguments: str) -> tuple[str, str]:
    return await asyncio.to_thread(installation.run, *arguments)


async def check_in_thread(installation: Installation, *arguments: str, status: int) -> dict[str, Any]:
    return await asyncio.to_thread(lambda: installation.check(*arguments, status=status))


@pytest.fixture(scope="module")
def dns_port() -> Iterator[int]:
    with small_dns(RECORDS) as port:
        yield port


@pytest.fixture
def installation(tmp_path: Path, dns_port: int, monkeypatch: pytest.MonkeyPatch) -> Installation:
    return install(tmp_path, dns_port, monkeypatch)


def test_added_domain_gets_a_record_and_a_state(installation: Installation) -> None:
    output, error = installation.run("add", "New.Example.test.")
    assert "new.example.test. 300 IN CNAME edge.example.test." in output.splitlines()
    assert error == "clicktrail: added new.example.test: in force when an edge of this data folder starts\n"
    report = installation.check("new.example.test", status=1)
    assert (report["domain"], report["status"]) == ("new.example.test", "failing")
    failing = [row for row in report["checks"] if row["status"] == "fail"]
    assert [row["code"] for row in failing] == ["record-missing"]
    assert failing[0]["cause"]
    assert report["next_step"] == failing[0]["fix"]
    listed = json.loads(installation.run("list", "--json")[0])["domains"]
    assert [(row["domain"], row["status"], row["code"]) for row in listed] == [
        ("new.example.test", "failing", "record-missing")
    ]


def test_report_for_people_names_the_next_step_first(installation: Installation) -> None:
    installation.run("add", "new.example.test")
    output, error = installation.run("check", "new.example.test", status=1)
    lines = output.splitlines()
    assert lines[0] == "new.example.test: failing"
    assert lines[1].startswith("Next step: ")
    assert "fail: record-missing" in lines
    assert error == ""


def test_block_lists_are_asked_on_demand(installation: Installation) -> None:
    installation.run("add", "new.example.test")
    output, _ = installation.run("check", "new.example.test", "--json", "--block-lists", status=1)
    listings = json.loads(output)["block_lists"]
    assert [(row["block_list"], row["domain"], row["result"]) for row in listings] == [
        ("Spamhaus DBL", "example.test", "refused"),
        ("SURBL", "example.test", "listed"),
        ("URIBL", "example.test", "not-listed"),
    ]
    output, _ = installation.run("check", "new.example.test", "--block-lists", status=1)
    assert "Ask SURBL to remove example.test" in output
    assert "Spamhaus DBL refuses queries of this resolver" in output


def test_addresses_become_one_record_each(installation: Installation) -> None:
    config = installation.folder / "clicktrail.toml"
    config.write_text(config.read_text().replace('"edge.example.test"', '"192.0.2.1", "2001:db8::1"'))
    lines = installation.run("add", "new.example.test")[0].splitlines()
    assert "new.example.test. 300 IN A 192.0.2.1" in lines
    assert "new.example.test. 300 IN AAAA 2001:db8::1" in lines


@pytest.mark.parametrize(
    ("options", "record"),
    [
        (("--esp", "sendgrid"), "CNAME sendgrid.net."),
        (("--esp", "SendGrid", "--region", "eu"), "CNAME eu.sendgrid.net."),
        (("--esp", "mailgun", "--region", "eu"), "CNAME eu.mailgun.org."),
        (("--esp", "postmark", "--target", "abc.track.example.net"), "CNAME abc.track.example.net."),
        (("--target", "edge2.example.test"), "CNAME edge2.example.test."),
        (("--target", "192.0.2.7"), "A 192.0.2.7"),
    ],
)
def test_record_leads_to_the_named_target(installation: Installation, options: tuple[str, ...], record: str) -> None:
    output, _ = installation.run("add", "new.example.test", *options)
    assert f"new.example.test. 300 IN {record}" in output.splitlines()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--esp", "postmark"), "DNS Settings"),
        (("--esp", "postmark", "--target", "pm.mtasv.net"), "Return-Path"),
        (("--esp", "sendgird"), "known ESPs: sendgrid"),
        (("--target", "https://edge.example.test"), "is no host name"),
    ],
)
def test_impossible_target_is_refused(installation: Installation, options: tuple[str, ...], message: str) -> None:
    output, error = installation.run("add", "new.example.test", *options, status=1)
    assert (output, message in error) == ("", True)
    assert "never added" in installation.run("check", "new.example.test", status=2)[1]


def test_missing_targets_name_the_setting(tmp_path: Path) -> None:
    process = run_clicktrail("domain", "add", "new.example.test", folder=tmp_path)
    assert process.returncode == 1
    assert "domains.targets is empty" in process.stderr


def test_host_of_another_esp_is_refused(installation: Installation) -> None:
    for options in ((), ("--esp", "mailgun")):
        _, error = installation.run("add", "click.example.test", *options, status=1)
        assert "click.example.test leads to SendGrid" in error
        assert "click2.example.test" in error
    _, error = installation.run("add", "click.example.test", "--esp", "sendgrid")
    assert "ad blockers block hosts with the word click" in error


def test_domain_of_our_edge_does_not_become_one_of_an_esp(installation: Installation) -> None:
    installation.run("add", "new.example.test")
    _, error = installation.run("add", "new.example.test", "--esp", "mailgun", status=1)
    assert "new.example.test is a tracking domain of our edge: its links in sent mail would stop working" in error
    installation.run("remove", "new.example.test", "--stop-serving")
    installation.run("add", "new.example.test", "--esp", "mailgun")
    assert "of mailgun" in installation.run("add", "new.example.test", status=1)[1]
    installation.run("add", "new.example.test", "--esp", "mailgun", "--region", "eu")


def test_host_that_was_never_added_is_refused_in_one_line(installation: Installation) -> None:
    output, error = installation.run("check", HOST, "--json", status=2)
    assert (output, error.count("\n")) == ("", 1)
    assert f"{HOST} was never added" in error


@pytest.mark.parametrize("host", ["https://links.example.test", "links", "127.0.0.1", "*.example.test", "a b.test", ""])
def test_what_is_no_host_is_wrong_usage(installation: Installation, host: str) -> None:
    installation.run("add", host, status=2)


def test_sender_that_is_no_address_is_refused(installation: Installation) -> None:
    installation.run("add", HOST)
    assert "is no email address" in installation.run("check", HOST, "--from", "news", status=1)[1]


@pytest.mark.parametrize("duration", ["soon", "-1", "1w", "1.5m"])
def test_invalid_duration_is_wrong_usage(installation: Installation, duration: str) -> None:
    installation.run("check", HOST, "--wait-for", duration, status=2)


async def test_healthy_domain_is_ok_and_verified(installation: Installation) -> None:
    async with serving_edge(installation):
        await run_in_thread(installation, "add", HOST)
        report = await check_in_thread(installation, HOST, "--from", "News <news@example.test>", status=0)
        listed = json.loads((await run_in_thread(installation, "list", "--json"))[0])["domains"]
    assert (report["status"], report["next_step"]) == ("ok", None)
    assert {row["status"] for row in report["checks"]} == {"pass"}
    assert (listed[0]["status"], bool(listed[0]["verified_at"]), bool(listed[0]["certificate_ends_at"])) == (
        "ok",
        True,
        True,
    )


async def test_domain_is_pending_until_a_resolver_knows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with small_dns(RECORDS, resolver_records=OLD_RECORDS) as port:
        installation = install(tmp_path, port, monkeypatch)
        async with serving_edge(installation):
            await run_in_thread(installation, "add", HOST)
            report = await check_in_thread(installation, HOST, "--from", "news@other.test", status=3)
    assert report["status"] == "pending"
    warnings = {row["code"]: row for row in report["checks"] if row["status"] == "warn"}
    assert list(warnings) == ["propagating", "not-aligned"]
    assert report["next_step"] == warnings["propagating"]["fix"]


async def test_waiting_ends_when_the_domain_is_ok(installation: Installation) -> None:
    await run_in_thread(installation, "add", HOST)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "clicktrail", "domain", "check", HOST, "--wait-for", "5m"),
        cwd=installation.folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    assert process.stderr
    first = (await process.stderr.readline()).decode()
    assert first.startswith("clicktrail: failing, checking again for ")
    async with serving_edge(installation):
        output = (await process.stdout.read()).decode()
        assert await process.wait() == 0
    assert output.startswith(f"{HOST}: ok\n")


def test_waiting_ends_in_time(installation: Installation) -> None:
    installation.run("add", "elsewhere.example.test")
    report = installation.check("elsewhere.example.test", "--wait-for", "1s", status=1)
    assert [row["code"] for row in report["checks"] if row["status"] == "fail"] == ["target-wrong"]
