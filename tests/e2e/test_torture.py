from collections.abc import Callable
from pathlib import Path

import pytest

from bench.torture.__main__ import torture

ROUNDS = 6
CLICKS = 200


@pytest.mark.without_coverage
async def test_no_answered_click_is_lost_or_counted_twice(tmp_path: Path, summarize: Callable[[str], None]) -> None:
    total = await torture(tmp_path, rounds=ROUNDS, clicks=CLICKS)
    summarize(f"rounds: {ROUNDS}; {total}")
    assert (total.lost, total.duplicated) == (0, 0)
    assert total.answered > total.clicks // 2
