import json
from pathlib import Path

import pytest

from tests.support.command_line import run_clicktrail


@pytest.mark.without_coverage
def test_demo_separates_people_from_scanners(tmp_path: Path) -> None:
    process = run_clicktrail("demo", "--once", "--json", folder=tmp_path, timeout_s=280)

    assert 0 == process.returncode, process.stderr
    outcome = json.loads(process.stdout)
    true = outcome["true_click_rate"]
    assert true > 0
    assert outcome["human_click_rate"] == pytest.approx(true, rel=0.1)
    assert outcome["raw_click_rate"] > 3 * true


def test_data_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "something").touch()

    process = run_clicktrail("demo", "--once", "--data", "data", folder=tmp_path)

    assert 1 == process.returncode
    assert "clicktrail: error: the folder data is not empty" in process.stderr
