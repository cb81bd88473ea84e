from datetime import UTC, date, datetime, timedelta

import pytest

from bench.accuracy.baselines import BASELINES, Baseline, ClickLog
from clicktrail.judge.shipped import build_context_with_networks
from clicktrail.model.event import AnyEvent, Click, Sent

AT = datetime(2026, 11, 2, 8, tzinfo=UTC)
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
)
HOME = "86.128.10.20"
MIMECAST = "207.211.30.7"
AMAZON = "3.64.10.20"
SENT = Sent(id="s", at=AT, message_id="m", recipient="ann@north-quay.example", links=6)

baselines = pytest.mark.parametrize("baseline", BASELINES, ids=lambda baseline: baseline.name)


def click(after_s: float, *, link: int = 0, ip: str = HOME, agent: str = CHROME, message: str = "m") -> Click:
    """A click some seconds after the message was sent."""
    return Click(
        id=f"{message}-{link}-{after_s}",
        at=AT + timedelta(seconds=after_s),
        message_id=message,
        recipient=f"reader of {message}",
        link=link,
        ip=ip,
        user_agent=agent,
    )


def find_bots(baseline: Baseline, *events: AnyEvent) -> set[str]:
    return set(
        baseline.find_bots(ClickLog.from_events((SENT, *events), build_context_with_networks((), today=date.min)))
    )


@baselines
def test_click_of_a_person_is_no_bot(baseline: Baseline) -> None:
    assert find_bots(baseline, click(3_600)) == set()


@baselines
def test_script_one_second_after_sending_is_a_bot(baseline: Baseline) -> None:
    script = click(1, ip=MIMECAST, agent="python-requests/2.32.5")
    assert find_bots(baseline, script) == {script.id}


@pytest.mark.parametrize(
    ("name", "events"),
    [
        ("Marketo, 0 s", [click(60.1, link=0), click(60.4, link=1)]),
        ("Omeda-like", [click(60 + link / 10, link=link) for link in range(3)]),
        ("Omeda-like, code 11", [click(3_600, ip=AMAZON)]),
        ("Trend-like", [click(60 + link / 2, link=link) for link in range(4)]),
        ("Trend-like", [click(3_600, message=name) for name in ("m", "n", "o")]),
        ("Warmbly-like", [click(60, link=0), click(61, link=1)]),
        ("Warmbly-like", [click(3_600, ip=MIMECAST)]),
        ("Warmbly-like", [click(7)]),
    ],
)
def test_rule_finds_what_its_publication_describes(name: str, events: list[Click]) -> None:
    (baseline,) = (baseline for baseline in BASELINES if baseline.name == name)
    assert find_bots(baseline, *events) == {event.id for event in events}


@pytest.mark.parametrize(
    ("name", "events"),
    [
        ("agent list only", [click(60 + link / 10, link=link) for link in range(6)]),
        ("Mautic", [click(60 + link / 10, link=link) for link in range(6)]),
        ("Mautic", [click(3_600, ip=MIMECAST)]),
        ("Marketo, 0 s", [click(60.9, link=0), click(61.1, link=1)]),
        ("Omeda-like", [click(3_600, ip=AMAZON)]),
        ("Trend-like", [click(60 + link / 2, link=link) for link in range(3)]),
        ("Warmbly-like", [click(60, link=0), click(60.2, link=0)]),
    ],
)
def test_rule_finds_no_more_than_its_publication_describes(name: str, events: list[Click]) -> None:
    (baseline,) = (baseline for baseline in BASELINES if baseline.name == name)
    assert find_bots(baseline, *events) == set()
