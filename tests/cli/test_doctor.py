import asyncio
import json
from pathlib import Path

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
