import asyncio
import json
from pathlib import Path

import pytest

from tests.cli.test_segment import record
from tests.support.command_line import run_clicktrail
from tests.support.serving import running_server

LABELS = "click_id,truth\nc-anna,human\nc-bert,bot\nunknown,preview\n"


async def test_label_report_with_and_without_an_engine(tmp_path: Path) -> None:
    config = ("--config", str(tmp_path / "clicktrail.toml"))
    (tmp_path / "labels.csv").write_text(LABELS, "utf-8")

    def import_and_report() -> list[tuple[float | None, float | None]]:
        imported = run_clicktrail("labels", "import", "labels.csv", *config, folder=tmp_path)
        assert (imported.returncode, imported.stderr) == (0, "clicktrail: labels stored: 3\n")
        document = json.loads(run_clicktrail("labels", "report", "--json", *config, folder=tmp_path).stdout)
        assert (document["labels"], document["unmatched_labels"]) == (3, 1)
        return [(row["precision"], row["recall"]) for row in document["truths"]]

    async with running_server(tmp_path) as running:
        await record(running)
        assert await asyncio.to_thread(import_and_report) == [(0.5, 1.0), (None, 0.0), (None, None)]
    (tmp_path / "labels.csv").write_text(LABELS.replace("bot", "human"), "utf-8")
    assert import_and_report() == [(1.0, 1.0), (None, None), (None, None)]

    table = run_clicktrail("labels", "report", *config, folder=tmp_path).stdout
    assert ["human", "2", "0", "0", "0", "100.0%", "100.0%"] in [line.split() for line in table.splitlines()]
    assert "Labels of clicks that are not stored: 1." in table


def test_overlong_cell_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("x" * 200_000, "utf-8")
    run = run_clicktrail("labels", "import", "labels.csv", folder=tmp_path)
    assert (run.returncode, run.stderr.count("\n")) == (1, 1)
    assert "is not a table" in run.stderr


@pytest.mark.parametrize("line", ["c1,suspected", "c1", ",human", "c1,human,yes"])
def test_invalid_label_is_an_error(tmp_path: Path, line: str) -> None:
    (tmp_path / "labels.csv").write_text(f"c0,bot\n{line}\n", "utf-8")
    run = run_clicktrail("labels", "import", "labels.csv", folder=tmp_path)

    assert run.returncode == 1
    assert "labels.csv, line 2 is not a label" in run.stderr
