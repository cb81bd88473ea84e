import asyncio
import json
from pathlib import Path

import pytest

from tests.cli.test_segment import record
from tests.support.command_line import run_clicktrail
from tests.support.serving import running_server

LABELS = "click_id,truth\nc-anna,human\nc-bert,bot\nnobody,preview\n"


async def test_labels_are_held_against_verdicts_with_and_without_an_engine(tmp_path: Path) -> None:
    config = ("--config", str(tmp_path / "clicktrail.toml"))
    (tmp_path / "labels.csv").write_text(LABELS, "utf-8")

    def told() -> list[tuple[float | None, float | None]]:
        kept = run_clicktrail("labels", "import", "labels.csv", *config, folder=tmp_path)
        assert (0, "clicktrail: labels stored: 3\n") == (kept.returncode, kept.stderr)
        document = json.loads(run_clicktrail("labels", "report", "--json", *config, folder=tmp_path).stdout)
        assert (3, 1) == (document["labels"], document["unmatched_labels"])
        return [(of["precision"], of["recall"]) for of in document["truths"]]

    async with running_server(tmp_path) as running:
        await record(running)
        assert [(0.5, 1.0), (None, 0.0), (None, None)] == await asyncio.to_thread(told)
    (tmp_path / "labels.csv").write_text(LABELS.replace("bot", "human"), "utf-8")
    assert [(1.0, 1.0), (None, None), (None, None)] == told()

    table = run_clicktrail("labels", "report", *config, folder=tmp_path).stdout
    assert ["human", "2", "0", "0", "0", "100.0%", "100.0%"] in [line.split() for line in table.splitlines()]
    assert "Labels of clicks that are not stored: 1." in table


@pytest.mark.parametrize("line", ["c1,suspected", "c1", ",human", "c1,human,yes"])
def test_a_line_that_is_no_label_is_an_error(tmp_path: Path, line: str) -> None:
    (tmp_path / "labels.csv").write_text(f"c0,bot\n{line}\n", "utf-8")
    done = run_clicktrail("labels", "import", "labels.csv", folder=tmp_path)

    assert 1 == done.returncode
    assert "labels.csv, line 2 is not a label" in done.stderr
