import asyncio
import json
from pathlib import Path

from clicktrail import keyring_file
from tests.support.command_line import run_clicktrail
from tests.support.scripted_server import ScriptedServer
from tests.support.serving import running_server


async def test_healthy_server_only_needs_a_backup(tmp_path: Path) -> None:
    config = ("--config", str(tmp_path / "clicktrail.toml"))
    async with (
        ScriptedServer() as next_hop,
        running_server(tmp_path, next_hop=next_hop.address, own_hosts=("example.com",)),
    ):
        first = await asyncio.to_thread(run_clicktrail, "doctor", *config, folder=tmp_path)
        await asyncio.to_thread(run_clicktrail, "keys", "backup", "copy.json", *config, folder=tmp_path)
        second = await asyncio.to_thread(run_clicktrail, "doctor", *config, folder=tmp_path)
        as_json = await asyncio.to_thread(run_clicktrail, "doctor", "--json", *config, folder=tmp_path)
    assert [0, 0, 0] == [process.returncode for process in (first, second, as_json)]
    assert first.stdout.startswith("warning: the key ring in its current state has no backup")
    assert "no problems found\n" == second.stdout
    assert {"ok": True, "findings": []} == json.loads(as_json.stdout)


def test_findings_have_a_hint(tmp_path: Path) -> None:
    (tmp_path / "clicktrail.toml").write_text('relay.next_hop = "127.0.0.1:1"\n', "utf-8")
    process = run_clicktrail("doctor", folder=tmp_path)
    as_json = run_clicktrail("doctor", "--json", folder=tmp_path)
    document = json.loads(as_json.stdout)
    assert [1, 1] == [process.returncode, as_json.returncode]
    assert (False, ["key-ring", "not-running", "next-hop-unreachable", "utm-own-hosts-empty"]) == (
        document["ok"],
        [finding["code"] for finding in document["findings"]],
    )
    assert [f"{finding['severity']}: {finding['message']} [{finding['code']}]" for finding in document["findings"]] == (
        process.stdout.splitlines()[::2]
    )


async def test_message_and_campaign_are_examined(tmp_path: Path) -> None:
    (tmp_path / "clicktrail.toml").write_text('data_dir = "data"\nrelay.next_hop = "127.0.0.1:1"\n', "utf-8")
    (tmp_path / "data").mkdir()
    keyring_file.load_or_create(tmp_path / "data" / "keys.json", earlier_data_paths=[])
    message = b"To: anna@example.net\r\nContent-Type: text/html\r\n\r\n<a href='https://example.com/a'>A</a>\r\n"
    (tmp_path / "mail.eml").write_bytes(message)
    arguments = ("--message", "mail.eml", "--landing-page", "--campaign", "winter", "--json")
    process = await asyncio.to_thread(run_clicktrail, "doctor", *arguments, folder=tmp_path)
    document = json.loads(process.stdout)
    codes = {finding["code"] for finding in document["findings"]}
    assert (process.returncode, document["ok"]) == (1, False)
    assert {"message-not-tracked", "campaign-unknown", "next-hop-unreachable"} <= codes
    severities = [finding["severity"] for finding in document["findings"]]
    assert severities == sorted(severities, key=["error", "warning", "note"].index)


def test_landing_page_needs_a_message(tmp_path: Path) -> None:
    process = run_clicktrail("doctor", "--landing-page", folder=tmp_path)
    assert (process.returncode, "name the message with --message" in process.stderr) == (2, True)
