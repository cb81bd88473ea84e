import asyncio
import json
from datetime import timedelta
from pathlib import Path

import httpx2
import msgspec

from clicktrail.model.tracking_domain import DomainCheckResult, DomainState
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.stores import open_registry
from tests.support.command_line import run_clicktrail
from tests.support.edge import NOW
from tests.support.recorded_journal import SENT, write_journal
from tests.support.serving import running_server

DOMAINS = '[[domain]]\nhost = "links.example.com"\nsender = "Example Ltd"\n[[domain]]\nhost = "links.example.org"\n'


def import_domains(folder: Path, text: str = DOMAINS) -> str:
    """Import a domains file. Returns what was reported."""
    (folder / "domains.toml").write_text(text, "utf-8")
    process = run_clicktrail("domain", "import", "domains.toml", folder=folder)
    assert (process.returncode, process.stdout) == (0, "")
    return process.stderr


def read_served_hosts(folder: Path) -> list[str]:
    """The hosts in the file that the edge reads."""
    served = json.loads((folder / "clicktrail-data" / "domains.json").read_text("utf-8"))
    return [domain["site"]["host"] for domain in served["domains"]]


def list_domains(folder: Path) -> list[dict[str, str | None]]:
    process = run_clicktrail("domain", "list", "--json", folder=folder)
    assert (process.returncode, process.stderr) == (0, "")
    domains: list[dict[str, str | None]] = json.loads(process.stdout)["domains"]
    return domains


def test_imported_domains_are_listed_and_served(tmp_path: Path) -> None:
    assert "2 tracking domains: in force when an edge of this data folder starts" in import_domains(tmp_path)
    assert read_served_hosts(tmp_path) == ["links.example.com", "links.example.org"]
    assert [(domain["domain"], domain["status"]) for domain in list_domains(tmp_path)] == [
        ("links.example.com", None),
        ("links.example.org", None),
    ]
    table = run_clicktrail("domain", "list", folder=tmp_path).stdout.splitlines()
    assert table[1].split() == ["links.example.com", "our", "edge", "not", "checked"]


def test_second_import_changes_what_is_shown(tmp_path: Path) -> None:
    import_domains(tmp_path)
    import_domains(tmp_path, '[[domain]]\nhost = "links.example.com"\nsender = "Other Ltd"\n')
    assert read_served_hosts(tmp_path) == ["links.example.com", "links.example.org"]
    served = (tmp_path / "clicktrail-data" / "domains.json").read_text("utf-8")
    assert ("Other Ltd" in served, "Example Ltd" in served) == (True, False)


def test_invalid_file_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "domains.toml").write_text('[[domain]]\nhost = "links.example.com"\ndestinatons = ["*"]\n')
    process = run_clicktrail("domain", "import", "domains.toml", folder=tmp_path)
    assert process.returncode == 1
    assert "unknown key 'destinatons'" in process.stderr
    assert not (tmp_path / "clicktrail-data").exists()


def test_removed_domain_is_served_until_told_otherwise(tmp_path: Path) -> None:
    import_domains(tmp_path)
    process = run_clicktrail("domain", "remove", "Links.Example.com.", folder=tmp_path)
    assert (process.returncode, process.stdout) == (0, "")
    assert "removed links.example.com: no message with tracked links was sent" in process.stderr
    assert "--stop-serving" in process.stderr
    assert read_served_hosts(tmp_path) == ["links.example.com", "links.example.org"]
    assert [bool(domain["removed_at"]) for domain in list_domains(tmp_path)] == [True, False]
    process = run_clicktrail("domain", "remove", "links.example.com", "--stop-serving", folder=tmp_path)
    assert process.returncode == 0
    assert read_served_hosts(tmp_path) == ["links.example.org"]
    assert [domain["domain"] for domain in list_domains(tmp_path)] == ["links.example.org"]


def test_domain_of_the_settings_cannot_stop_being_served(tmp_path: Path) -> None:
    (tmp_path / "clicktrail.toml").write_text('[tracking]\ndomain = "https://links.example.com"\n')
    import_domains(tmp_path)
    process = run_clicktrail("domain", "remove", "links.example.com", "--stop-serving", folder=tmp_path)
    assert process.returncode == 1
    assert "new mail uses links.example.com: it is tracking.domain" in process.stderr
    process = run_clicktrail("domain", "remove", "links.example.com", folder=tmp_path)
    assert process.returncode == 0
    assert "new mail still uses links.example.com" in process.stderr


def test_removal_says_how_much_mail_is_out(tmp_path: Path) -> None:
    import_domains(tmp_path)
    write_journal(Settings(data_dir=str(tmp_path / "clicktrail-data")), SENT)
    process = run_clicktrail("domain", "remove", "links.example.com", folder=tmp_path)
    expected = "removed links.example.com: up to 1 message of 1 campaign have links on it, the latest of winter"
    assert (process.returncode, expected in process.stderr) == (0, True)


async def test_history_lists_the_states(tmp_path: Path) -> None:
    await asyncio.to_thread(import_domains, tmp_path)
    states = [
        DomainState(since=NOW, status="failing", code="record-missing", next_step="Create the record."),
        DomainState(since=NOW + timedelta(hours=1), status="ok"),
    ]
    async with open_registry(Settings(data_dir=str(tmp_path / "clicktrail-data"))) as registry:
        for state in states:
            result = DomainCheckResult(state=state, is_verified=state.status == "ok", is_gone=False)
            await registry.domains.record_check("links.example.com", result)
    command = ("domain", "history", "links.example.com")
    process = await asyncio.to_thread(run_clicktrail, *command, "--json", folder=tmp_path)
    assert msgspec.json.decode(process.stdout) == {"domain": "links.example.com", "states": msgspec.to_builtins(states)}
    lines = (await asyncio.to_thread(run_clicktrail, *command, folder=tmp_path)).stdout.splitlines()
    assert [line.split()[2] for line in lines[1:]] == ["failing", "ok"]
    process = await asyncio.to_thread(run_clicktrail, "domain", "history", "links.example.org", folder=tmp_path)
    assert process.stdout == "links.example.org was not checked yet: clicktrail domain check links.example.org\n"


def test_unknown_domain_is_refused_in_one_line(tmp_path: Path) -> None:
    process = run_clicktrail("domain", "remove", "links.example.com", folder=tmp_path)
    assert (process.returncode, process.stdout) == (2, "")
    expected = "clicktrail: error: links.example.com was never added: clicktrail domain add links.example.com\n"
    assert process.stderr == expected


def test_list_without_domains_says_how_to_add_one(tmp_path: Path) -> None:
    assert "clicktrail domain add HOST" in run_clicktrail("domain", "list", folder=tmp_path).stdout
    assert list_domains(tmp_path) == []


async def test_running_edge_takes_a_change_up(tmp_path: Path) -> None:
    (tmp_path / "domains.toml").write_text('[[domain]]\nhost = "links.example.com"\n', "utf-8")
    async with running_server(tmp_path, workers=2) as server, httpx2.AsyncClient(base_url=server.edge) as client:

        async def request(host: str) -> int:
            return (await client.get("/", headers={"Host": host})).status_code

        assert [await request(host) for host in ("links.example.com", "other.example.com")] == [200, 200]
        process = await asyncio.to_thread(run_clicktrail, "domain", "import", "domains.toml", folder=tmp_path)
        assert process.stderr == "clicktrail: 1 tracking domain: in force in all 2 edge workers\n"
        assert [await request(host) for host in ("links.example.com", "other.example.com")] == [200, 421]
        command = ("domain", "remove", "links.example.com", "--stop-serving")
        process = await asyncio.to_thread(run_clicktrail, *command, folder=tmp_path)
        assert (process.returncode, await request("other.example.com")) == (0, 200)
