from collections.abc import Callable
from pathlib import Path

import pytest

from bench.torture.scenarios import SCENARIOS

ROUND_COUNT = 6
CLICK_COUNT = 200


@pytest.mark.without_coverage
@pytest.mark.parametrize("name", SCENARIOS)
async def test_no_answered_click_is_lost_or_counted_twice(
    name: str, tmp_path: Path, summarize: Callable[[str], None]
) -> None:
    result = await SCENARIOS[name](tmp_path, rounds=ROUND_COUNT, clicks=CLICK_COUNT, durability="durable")
    summarize(f"{name}: rounds: {ROUND_COUNT}; {result}")
    assert (result.lost, result.duplicated) == (0, 0)
    assert result.answered > 0
