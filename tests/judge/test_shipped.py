from datetime import date

from clicktrail.judge.network_lists import ListedNetwork
from clicktrail.judge.networks import NetworkClass
from clicktrail.judge.shipped import build_context_with_networks, build_shipped_judge
from clicktrail.model.verdict import Verdict
from tests.support.judged_lines import click, make_judged_message

TODAY = date(2026, 11, 24)
OFFICE = ListedNetwork(name="office", network_class=NetworkClass.OURS, ranges=("40.94.16.0/24",), expires=TODAY)


def test_the_shipped_judge_judges() -> None:
    (found,) = build_shipped_judge()(make_judged_message(click("m1", "1")).timeline)
    assert Verdict.HUMAN == found.verdict


def test_the_operators_networks_go_before_ours() -> None:
    counting, expired, none = (
        build_context_with_networks(listed, today=day)
        for listed, day in (([OFFICE], date(2026, 11, 23)), ([OFFICE], TODAY), ([], TODAY))
    )
    assert "office" == str(counting.networks.find("40.94.16.33"))
    assert counting.version != expired.version == none.version
