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

peers = pytest.mark.parametrize("peer", BASELINES, ids=lambda peer: peer.name)


def click(after_s: float, *, link: int = 0, ip: str = HOME, agent: str = CHROME, message: str = "m") -> Click:
    """One request so many seconds after sending."""
    return Click(
        id=f"{message}-{link}-{after_s}",
        at=AT + timedelta(seconds=after_s),
        message_id=message,
        recipient=f"reader of {message}",
        link=link,
        ip=ip,
        user_agent=agent,
    )


def machines(peer: Baseline, *events: AnyEvent) -> set[str]:
    """What a peer takes for machines'."""
    return set(peer.find_bots(ClickLog.from_events((SENT, *events), build_context_with_networks((), today=date.min))))


@peers
def test_a_person_at_home_is_spared(peer: Baseline) -> None:
    assert set() == machines(peer, click(3_600))


@peers
def test_a_script_that_says_so_at_once_is_found(peer: Baseline) -> None:
    script = click(1, ip=MIMECAST, agent="python-requests/2.32.5")
    assert {script.id} == machines(peer, script)


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
def test_a_rule_is_as_published(name: str, events: list[Click]) -> None:
    (peer,) = (each for each in BASELINES if each.name == name)
    assert {event.id for event in events} == machines(peer, *events)


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
def test_a_rule_is_no_better_than_published(name: str, events: list[Click]) -> None:
    (peer,) = (each for each in BASELINES if each.name == name)
    assert set() == machines(peer, *events)
