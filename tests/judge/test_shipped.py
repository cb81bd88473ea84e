from datetime import date

from msgspec.structs import replace

from clicktrail.judge.network_lists import ListedNetwork
from clicktrail.judge.networks import NetworkClass
from clicktrail.judge.shipped import build_context_with_networks, build_shipped_judge
from clicktrail.model.verdict import Verdict
from tests.support.judged_lines import click, make_judged_message

TODAY = date(2026, 11, 24)
OFFICE = ListedNetwork(name="office", network_class=NetworkClass.OURS, ranges=("40.94.16.0/24",), expires=TODAY)


def test_shipped_judge() -> None:
    (judged,) = build_shipped_judge()(make_judged_message(click("m1", "1")).timeline)
    assert judged.verdict == Verdict.HUMAN


def test_click_on_a_damaged_link_is_a_persons_without_other_evidence() -> None:
    (judged,) = build_shipped_judge()(make_judged_message(replace(click("m1", "1"), damage="addition")).timeline)
    assert (judged.verdict, judged.reasons) == (Verdict.HUMAN, ())


def test_operator_networks_take_precedence_until_they_expire() -> None:
    active, expired, none = (
        build_context_with_networks(networks, today=day)
        for networks, day in (([OFFICE], date(2026, 11, 23)), ([OFFICE], TODAY), ([], TODAY))
    )
    assert str(active.networks.find("40.94.16.33")) == "office"
    assert active.version != expired.version == none.version
