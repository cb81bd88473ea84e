import json
from pathlib import Path

import pytest

from tests.support.command_line import run_clicktrail


@pytest.mark.timeout(300)
@pytest.mark.without_coverage
def test_the_demo_tells_people_from_scanners(tmp_path: Path) -> None:
    done = run_clicktrail("demo", "--once", "--json", folder=tmp_path, timeout_s=280)

    assert 0 == done.returncode, done.stderr
    outcome = json.loads(done.stdout)
    true = outcome["true_click_rate"]
    assert true > 0
    assert outcome["human_click_rate"] == pytest.approx(true, rel=0.1)
    assert outcome["raw_click_rate"] > 3 * true


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "something").touch()

    done = run_clicktrail("demo", "--once", "--data", "data", folder=tmp_path)

    assert 1 == done.returncode
    assert "clicktrail: error: the folder data is not empty" in done.stderr
