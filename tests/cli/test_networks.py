import json
from pathlib import Path

from tests.support.command_line import run_clicktrail

OWN = """[[networks]]
name = "our office"
class = "ours"
ranges = ["40.94.16.0/24"]
"""


def test_operator_networks_override_the_built_in_table(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN)
    (tmp_path / "list.txt").write_text("198.51.100.0/24\n2001:db8::/32\n")
    address = ("networks", "show", "40.94.16.33", "198.51.100.9", "86.128.0.1")

    before = run_clicktrail(*address, folder=tmp_path)
    assert "40.94.16.33  Microsoft AS8075, microsoft\n198.51.100.9  none\n86.128.0.1  none\n" == before.stdout

    scanner = ("list.txt", "--name", "a scanner", "--class", "mail-security", "--expires", "2999-01-01")
    updates = [
        run_clicktrail("networks", "update", *arguments, folder=tmp_path) for arguments in (["own.toml"], scanner)
    ]
    assert [(0, ""), (0, "")] == [(process.returncode, process.stderr) for process in updates]
    after = run_clicktrail(*address, folder=tmp_path)
    assert "40.94.16.33  our office, ours\n198.51.100.9  a scanner, mail-security\n86.128.0.1  none\n" == after.stdout

    removed = run_clicktrail("networks", "remove", "own.toml", "list.txt", folder=tmp_path)
    assert (0, before.stdout) == (removed.returncode, run_clicktrail(*address, folder=tmp_path).stdout)


def test_networks_are_listed(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN + "expires = 2026-01-01\n")
    run_clicktrail("networks", "update", "own.toml", folder=tmp_path)

    listed = json.loads(run_clicktrail("networks", "list", "--json", folder=tmp_path).stdout)
    (office,) = listed["networks"]
    assert ("our office", "ours", 1, "2026-01-01", False) == tuple(
        office[field] for field in ("name", "class", "ranges", "expires", "is_active")
    )
    assert "+" not in listed["version"]
    output = run_clicktrail("networks", "list", folder=tmp_path).stdout
    assert (True, True) == (f"version {listed['version']}" in output, "2026-01-01 (expired)" in output)


def test_show_as_json(tmp_path: Path) -> None:
    process = run_clicktrail("networks", "show", "40.94.16.33", "10.0.0.1", "--json", folder=tmp_path)
    assert [
        {"address": "40.94.16.33", "network": {"name": "Microsoft", "asn": 8075, "class": "microsoft"}},
        {"address": "10.0.0.1", "network": None},
    ] == json.loads(process.stdout)


def test_show_refuses_text_that_is_no_address(tmp_path: Path) -> None:
    process = run_clicktrail("networks", "show", "40.94.16.333", folder=tmp_path)
    assert (1, "", "clicktrail: error: '40.94.16.333' is no IP address\n") == (
        process.returncode,
        process.stdout,
        process.stderr,
    )


def test_invalid_list_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN)
    (tmp_path / "page.html").write_text("<html>\n<body>")
    process = run_clicktrail("networks", "update", "own.toml", "page.html", folder=tmp_path)

    assert (1, "", ["own.toml", "page.html"]) == (
        process.returncode,
        process.stdout,
        sorted(path.name for path in tmp_path.iterdir()),
    )
    assert "clicktrail: error: page.html: a list of ranges needs the name and class of its network\n" in process.stderr
    assert "clicktrail: hint: give --name and --class\n" in process.stderr


def test_unknown_source_cannot_be_removed(tmp_path: Path) -> None:
    process = run_clicktrail("networks", "remove", "own.toml", folder=tmp_path)
    assert (1, True) == (process.returncode, "nothing was read from" in process.stderr)


def test_audit_uses_operator_networks(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("192.0.2.0/24\n")
    click = {
        "id": "c1", "type": "click", "at": "2026-11-23T13:00:00.000Z", "message_id": "m1", "link": 0, "method": "GET",
        "url": "https://shop.example/", "ip": "192.0.2.9", "user_agent": "Mozilla/5.0",
    }  # fmt: skip
    (tmp_path / "log.jsonl").write_text(json.dumps(click) + "\n")

    def signals() -> list[str]:
        document = json.loads(run_clicktrail("audit", "log.jsonl", "--json", folder=tmp_path).stdout)
        return [reason["signal"] for reason in document["clicks"][0]["reasons"]]

    before = signals()
    run_clicktrail("networks", "update", "list.txt", "--name", "ours", "--class", "mail-security", folder=tmp_path)
    assert (False, True) == ("mail-security-network" in before, "mail-security-network" in signals())
