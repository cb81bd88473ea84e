from datetime import UTC, datetime

import pytest

from clicktrail.server.wiring.count_check import CountCheck, seconds_until_check
from tests.support.judged_lines import click, make_judged_click, make_judged_message, sent
from tests.support.memory_analytics import MemoryAnalytics


async def test_corrected_campaigns_are_a_problem_until_a_check_finds_none() -> None:
    analytics = MemoryAnalytics()
    await analytics.store([], [make_judged_message(sent("m1"), clicks=(make_judged_click(click("m1", "1")),))])
    check = CountCheck(analytics)
    await check.run_once()
    assert (check.corrected_count, check.collect_problems()) == (0, ())
    analytics.wrong_campaigns = frozenset({"spring"})
    await check.run_once()
    (problem,) = check.collect_problems()
    assert (check.corrected_count, problem.code) == (1, "reports-corrected")
    assert problem.hint.startswith("1 campaigns had wrong numbers")
    analytics.wrong_campaigns = frozenset()
    await check.run_once()
    assert (check.corrected_count, check.collect_problems()) == (1, ())


@pytest.mark.parametrize(("hour", "minute", "hours"), [(0, 0, 3.0), (2, 30, 0.5), (3, 0, 24.0), (23, 0, 4.0)])
def test_check_is_at_three_o_clock(hour: int, minute: int, hours: float) -> None:
    now = datetime(2026, 12, 31, hour, minute, tzinfo=UTC)
    assert seconds_until_check(now) == hours * 3_600
