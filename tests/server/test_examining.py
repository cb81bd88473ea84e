from pathlib import Path

from clicktrail.server import keystore, settings
from clicktrail.server.examining import examine
from clicktrail.server.supervisor import RUN_FILE
from tests.e2e.serving import serving


def test_where_nothing_runs_the_files_are_seen(tmp_path: Path) -> None:
    """A data folder that does not exist yet has a disk all the same."""
    loaded = settings.load(
        None, {"CLICKTRAIL_DATA_DIR": str(tmp_path / "none"), "CLICKTRAIL_METRICS_LISTEN": "127.0.0.1:1"}
    )
    facts = examine(loaded, loaded.data / RUN_FILE)
    assert (None, 0, 0) == (facts.health, facts.let_go, facts.unreadable)
    assert "is missing" in str(facts.keys)
    assert 0 < facts.free_bytes


async def test_what_runs_is_asked(tmp_path: Path) -> None:
    """At the address that it told, whatever port that is; lines that are no events are counted over all processes."""
    async with serving(tmp_path):
        loaded = settings.load(tmp_path / "clicktrail.toml", {})
        run_file = loaded.data / RUN_FILE
        keystore.backup(loaded.data / keystore.NAME, tmp_path / "copy.json")
        facts = examine(loaded, run_file)
    assert facts.health is not None
    assert {"edge-0", "edge-1", "engine"} == set(facts.health["processes"])
    assert (None, True, 0) == (facts.keys, facts.keys_backed_up, facts.let_go)
