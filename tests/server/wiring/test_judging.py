from clicktrail.model.verdict import Verdict
from clicktrail.server.wiring.judging import shipped_judge
from tests.judged import click, judged


def test_the_shipped_judge_judges() -> None:
    """By rules, networks and agents that are part of the package."""
    (found,) = shipped_judge()(judged(click("m1", "1")).timeline)
    assert Verdict.HUMAN == found.verdict
