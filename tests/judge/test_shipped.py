from datetime import date

from clicktrail.judge.network_lists import Listed
from clicktrail.judge.networks import NetworkClass
from clicktrail.judge.shipped import context_with, shipped_judge
from clicktrail.model.verdict import Verdict
from tests.support.judged_lines import click, judged

TODAY = date(2026, 11, 24)
OFFICE = Listed(name="office", kind=NetworkClass.OURS, ranges=("40.94.16.0/24",), expires=TODAY)


def test_the_shipped_judge_judges() -> None:
    (found,) = shipped_judge()(judged(click("m1", "1")).timeline)
    assert Verdict.HUMAN == found.verdict


def test_the_operators_networks_go_before_ours() -> None:
    counting, expired, none = (
        context_with(listed, today=day)
        for listed, day in (([OFFICE], date(2026, 11, 23)), ([OFFICE], TODAY), ([], TODAY))
    )
    assert "office" == str(counting.networks.find("40.94.16.33"))
    assert counting.version != expired.version == none.version
