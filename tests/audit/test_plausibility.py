"""Each check is tested in both directions: with data that it must not believe, and with data that it must."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from clicktrail.audit.plausibility import PlausibilityCheck, PlausibleJudge
from clicktrail.audit.times import Resolution
from clicktrail.judge.shipped import load_shipped_context
from clicktrail.model.event import AnyEvent, Click, Delivered
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import Verdict
from tests.support.events import BARRACUDA_IP, NOON, delivered, sweep
from tests.support.events import click as request


def check_clicks(
    clicks: Iterable[Click], resolution: Resolution = Resolution.SECOND, sample: Iterable[list[AnyEvent]] = ()
) -> PlausibilityCheck:
    """The check of a log with these clicks."""
    check = PlausibilityCheck(load_shipped_context().networks)
    for click in clicks:
        check.add(click)
    check.conclude({"clicktrail": resolution}, {}, sample)
    return check


def judge(check: PlausibilityCheck, *events: AnyEvent) -> list[Verdict]:
    timeline = Timeline.from_events("m1", events)
    return [judged.verdict for judged in PlausibleJudge(load_shipped_context(), check)(timeline)]


def make_clicks(count: int = 20, *, ip: str = "", user_agent: str = "", at_s: float = 0) -> list[Click]:
    """Clicks of people at four companies; different addresses, agents and times unless they are given."""
    return [
        replace(
            request(3_600 + 61.5 * number if not at_s else at_s * (number + 1), id=f"c{number}"),
            recipient=f"p{number}@org-{number % 4}.example",
            ip=ip or f"93.192.0.{number}",
            user_agent=user_agent
            or f"Mozilla/5.0 (X11; Linux x86_64; rv:{100 + number}.0) Gecko Firefox/{100 + number}.0",
        )
        for number in range(count)
    ]


BURST = sweep(3_600, links=5, gap=0.1)


@pytest.mark.parametrize(
    ("resolution", "verdict"), [(Resolution.SECOND, Verdict.BOT), (Resolution.MINUTE, Verdict.HUMAN)]
)
def test_burst_within_a_minute_needs_seconds(resolution: Resolution, verdict: Verdict) -> None:
    assert set(judge(check_clicks(make_clicks(), resolution), delivered(0), *BURST)) == {verdict}


def test_people_of_one_day_are_not_bots_because_times_are_days() -> None:
    clicks = [replace(click, at=NOON) for click in sweep(0, links=6, gap=0.0)]
    check = check_clicks(clicks, Resolution.DAY)
    assert set(judge(check, replace(delivered(0), at=NOON), *clicks)) == {Verdict.HUMAN}
    assert "are days" in check.notes[0]


def test_many_clicks_at_full_minutes_have_no_seconds() -> None:
    assert "have no seconds" in check_clicks(make_clicks(at_s=60)).notes[0]
    assert "have no minutes" in check_clicks(make_clicks(at_s=3_600)).notes[0]
    assert check_clicks(make_clicks(19, at_s=60)).notes == []
    assert check_clicks(make_clicks()).notes == []


def make_messages(count: int, *, early: int, lead: timedelta) -> list[list[AnyEvent]]:
    """Messages with a click an hour after delivery; the clicks of some are earlier than their delivery."""
    return [
        [
            Delivered(id=f"d{number}", at=NOON),
            replace(request(3_600, id=f"c{number}"), at=NOON - lead if number < early else NOON + timedelta(hours=1)),
        ]
        for number in range(count)
    ]


def test_clicks_hours_before_delivery_mean_that_clocks_disagree() -> None:
    sample = make_messages(10, early=5, lead=timedelta(hours=2))
    check = check_clicks(make_clicks(), sample=sample)
    assert "come before their delivery, by 2.0 h" in check.notes[0]
    assert "--zone" in check.notes[0]
    assert judge(check, *sample[0]) == [Verdict.HUMAN]


@pytest.mark.parametrize(("early", "lead"), [(1, timedelta(hours=2)), (10, timedelta(seconds=30))])
def test_few_or_slightly_early_clicks_are_scanners(early: int, lead: timedelta) -> None:
    sample = make_messages(10, early=early, lead=lead)
    check = check_clicks(make_clicks(), sample=sample)
    assert check.notes == []
    assert judge(check, *sample[0]) != [Verdict.HUMAN]


@pytest.mark.parametrize("ip", [BARRACUDA_IP, "10.0.0.7", "104.16.1.1"], ids=["alike", "private", "CDN"])
def test_addresses_of_a_proxy_are_not_those_of_readers(ip: str) -> None:
    check = check_clicks(make_clicks(ip=ip))
    assert "signals about networks were not used" in " ".join(check.notes)
    assert not check.get_limits("clicktrail").has_addresses
    assert judge(check, delivered(0), request(3_600, ip=ip)) == [Verdict.HUMAN]


def test_scanner_of_one_company_is_no_proxy() -> None:
    clicks = [replace(click, recipient=f"p{n}@org.example") for n, click in enumerate(make_clicks(ip=BARRACUDA_IP))]
    check = check_clicks(clicks)
    assert check.notes == []
    assert judge(check, delivered(0), request(3_600, ip=BARRACUDA_IP)) == [Verdict.BOT]


def test_agents_that_are_all_alike_are_not_those_of_readers() -> None:
    check = check_clicks(make_clicks(user_agent="curl/8.0"))
    assert "all have the same User-Agent" in check.notes[0]
    assert judge(check, delivered(0), replace(request(3_600), user_agent="curl/8.0")) == [Verdict.HUMAN]


def test_missing_agents_count_only_where_others_have_one() -> None:
    without = replace(request(3_600, id="x"), user_agent="")
    assert judge(check_clicks([without]), without) == [Verdict.HUMAN]
    assert judge(check_clicks([without, *make_clicks()]), without) == [Verdict.BOT]
