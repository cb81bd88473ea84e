from collections.abc import Callable
from pathlib import Path

import pytest

from bench.torture.__main__ import torture

ROUND_COUNT = 6
CLICK_COUNT = 200


@pytest.mark.without_coverage
async def test_no_answered_click_is_lost_or_counted_twice(tmp_path: Path, summarize: Callable[[str], None]) -> None:
    result = await torture(tmp_path, rounds=ROUND_COUNT, clicks=CLICK_COUNT)
    summarize(f"rounds: {ROUND_COUNT}; {result}")
    assert (result.lost, result.duplicated) == (0, 0)
    assert result.answered > result.clicks // 2
