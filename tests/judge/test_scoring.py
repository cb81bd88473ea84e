"""Whole cases: what the judge makes of people and scanners as they are known to behave."""

import itertools
from dataclasses import replace as replace_visit
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clicktrail.judge import judge
from clicktrail.judge.address_activity import AddressClick
from clicktrail.judge.scoring import VerdictState, compute_state, describe_counterfactual
from clicktrail.model.event import AnyEvent, Click, Engagement
from clicktrail.model.verdict import Verdict
from tests.support.events import (
    AZURE_IP,
    BARRACUDA_IP,
    CHROME_AGENT,
    CONTEXT,
    HOME_IP,
    NOON,
    click,
    delivered,
    engagement,
    noon_plus,
    sent,
    sweep,
    timeline,
)


def verdicts(*events: AnyEvent) -> dict[str, Verdict]:
    """Verdicts by click id."""
    return {judged.click.id: judged.verdict for judged in judge(timeline(*events), CONTEXT)}


def test_person() -> None:
    (judged,) = judge(timeline(sent(), delivered(2), click(7_200)), CONTEXT)
    assert (Verdict.HUMAN, 0, (), True, CONTEXT.version) == (
        judged.verdict,
        judged.score,
        judged.reasons,
        judged.counted,
        judged.rules,
    )


def test_sweep_from_a_data_centre() -> None:
    events: list[AnyEvent] = [sent(links=9), *sweep(43, links=9, gap=0.08, ip=AZURE_IP)]
    judged = judge(timeline(*events), CONTEXT)
    assert {Verdict.BOT} == {one.verdict for one in judged}
    assert [("burst", 5), ("datacentre-network", 3), ("datacentre-burst", 3)] == [
        (reason.signal, reason.points) for reason in judged[0].reasons[:3]
    ]


def test_person_after_a_sweep() -> None:
    found = verdicts(sent(links=7), *sweep(43, links=7, gap=0.1, ip=AZURE_IP), click(5_000, link=0, id="person"))
    assert (Verdict.HUMAN, [Verdict.BOT] * 7) == (found.pop("person"), list(found.values()))


def test_pair_of_scanner_and_person() -> None:
    assert {"scanner": Verdict.BOT, "person": Verdict.HUMAN} == verdicts(
        sent(), click(5_000, ip=AZURE_IP, id="scanner"), click(5_001.2, id="person")
    )


def test_first_link_only() -> None:
    assert {"c": Verdict.BOT} == verdicts(sent(), click(9, ip=BARRACUDA_IP, id="c"))


def test_remote_desktop() -> None:
    remote = click(5_000, ip=AZURE_IP, id="c")
    assert [{"c": Verdict.SUSPECTED}, {"c": Verdict.HUMAN}] == [
        verdicts(sent(), remote),
        verdicts(sent(), remote, engagement("c")),
    ]


def test_hard_rules_decide_alone() -> None:
    head = replace(click(id="c", agent="Slackbot-LinkExpanding 1.0"), method="HEAD")
    (judged,) = judge(timeline(head, engagement("c")), CONTEXT)
    assert (Verdict.BOT, ["non-get-method", "preview-user-agent", "engaged"]) == (
        judged.verdict,
        [reason.signal for reason in judged.reasons],
    )


@pytest.mark.parametrize(
    ("changes", "verdict", "counted"),
    [
        ({"method": "HEAD"}, Verdict.BOT, False),
        ({"method": "OPTIONS"}, Verdict.BOT, False),
        ({"tampered": True}, Verdict.BOT, False),
        ({"headers": {"purpose": "prefetch"}}, Verdict.PREVIEW, False),
        ({"user_agent": "WhatsApp/2.23.20.0"}, Verdict.PREVIEW, True),
        ({"user_agent": "curl/8.5.0"}, Verdict.BOT, True),
        ({"user_agent": ""}, Verdict.BOT, True),
        ({"user_agent": f"{CHROME_AGENT} Barracuda Sentinel (EE)"}, Verdict.BOT, True),
    ],
)
def test_requests_that_speak_for_themselves(changes: dict[str, object], verdict: Verdict, counted: bool) -> None:
    (judged,) = judge(timeline(sent(), replace(click(), **changes)), CONTEXT)
    assert (verdict, counted) == (judged.verdict, judged.counted)


def test_page_loaded_in_advance_and_used() -> None:
    early = replace(click(id="c"), headers={"sec-purpose": "prefetch;prerender"})
    (before,) = judge(timeline(early), CONTEXT)
    (after,) = judge(timeline(early, engagement("c")), CONTEXT)
    assert ((Verdict.PREVIEW, False), (Verdict.HUMAN, True)) == (
        (before.verdict, before.counted),
        (after.verdict, after.counted),
    )


def test_nothing_to_judge() -> None:
    assert () == judge(timeline(sent()), CONTEXT)


clicks = st.builds(
    lambda seconds, link, ip, agent, method: replace(click(seconds, link=link, ip=ip, agent=agent), method=method),
    st.floats(-5, 120).map(lambda seconds: round(seconds, 1)),
    st.integers(0, 5),
    st.sampled_from([HOME_IP, AZURE_IP, BARRACUDA_IP, "2001:db8::1"]),
    st.sampled_from([CHROME_AGENT, "curl/8.5.0", "", "WhatsApp/2.23.20.0"]),
    st.sampled_from(["GET", "HEAD"]),
)
histories = st.lists(clicks, max_size=20).map(
    lambda found: [replace(one, id=f"c{number}") for number, one in enumerate(found)]
)


@given(history=histories, data=st.data())
def test_order_of_events_does_not_matter(history: list[Click], data: st.DataObject) -> None:
    events: list[AnyEvent] = [sent(links=5), delivered(1), *history, *(engagement(one.id) for one in history[::3])]
    assert judge(timeline(*events), CONTEXT) == judge(timeline(*data.draw(st.permutations(events))), CONTEXT)


@given(history=histories)
def test_events_told_twice_change_nothing(history: list[Click]) -> None:
    events: list[AnyEvent] = [sent(links=5), *history]
    assert judge(timeline(*events), CONTEXT) == judge(timeline(*events, *reversed(events)), CONTEXT)


@given(history=histories, data=st.data())
def test_engagement_never_raises_the_score(history: list[Click], data: st.DataObject) -> None:
    ids = [one.id for one in history]
    signs = data.draw(
        st.lists(
            st.builds(
                lambda click_id, kind, seconds: engagement(click_id, kind=kind, seconds=seconds),
                st.sampled_from([*ids, "unknown"]),
                st.sampled_from(["loaded", "engaged"]),
                st.integers(0, 9_000),
            ),
            max_size=5,
        )
    )
    steps = [scores(history, signs[:known]) for known in range(len(signs) + 1)]
    assert [] == [
        click_id for less, more in itertools.pairwise(steps) for click_id in less if more[click_id] > less[click_id]
    ]


def scores(history: list[Click], signs: list[Engagement]) -> dict[str, int]:
    """Scores by click id."""
    return {judged.click.id: judged.score for judged in judge(timeline(sent(links=5), *history, *signs), CONTEXT)}


@given(history=histories)
def test_a_click_a_day_later_is_judged_alone(history: list[Click]) -> None:
    person = click(86_400, link=3, id="person")
    assert Verdict.HUMAN == verdicts(sent(links=5), *history, person)["person"]


visits = st.lists(
    st.builds(
        lambda seconds, ip, person, tampered: AddressClick(
            at=noon_plus(seconds),
            ip=ip,
            message_id="" if tampered else f"m-{person}",
            recipient="" if tampered else f"p{person}@{'abc'[person % 3]}.example",
            tampered=tampered,
        ),
        st.integers(-70, 190),
        st.sampled_from([HOME_IP, AZURE_IP, "2001:db8::1"]),
        st.integers(0, 8),
        st.booleans(),
    ),
    max_size=20,
)


@given(history=histories, nearby=visits, data=st.data())
def test_only_nearby_visits_matter(history: list[Click], nearby: list[AddressClick], data: st.DataObject) -> None:
    told = timeline(sent(links=5), *history)
    times = [(one.at - NOON).total_seconds() for one in history]
    besides = [
        *nearby,
        *map(AddressClick.from_click, history),
        *(replace_visit(visit, at=noon_plus(max(times, default=0) + 61)) for visit in nearby),
        *(replace_visit(visit, ip="203.0.113.1") for visit in nearby),
    ]
    alone = judge(told, CONTEXT, nearby)
    assert alone == judge(told, CONTEXT, data.draw(st.permutations(nearby + besides)))


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (timedelta(seconds=-1), VerdictState.PROVISIONAL),
        (timedelta(minutes=29, seconds=59), VerdictState.PROVISIONAL),
        (timedelta(minutes=30), VerdictState.SETTLED),
        (timedelta(hours=71, minutes=59), VerdictState.SETTLED),
        (timedelta(hours=72), VerdictState.FINAL),
    ],
)
def test_states_follow_the_age(age: timedelta, state: VerdictState) -> None:
    assert state == compute_state(age)


RULES = CONTEXT.rules


def of(*events: AnyEvent) -> str:
    """What is said of the first click."""
    return describe_counterfactual(judge(timeline(*events), CONTEXT)[0], RULES)


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([click()], ""),
        ([replace(click(), method="HEAD", ip=AZURE_IP)], ""),
        ([replace(click(), method="HEAD", ip=BARRACUDA_IP)], ""),
        (
            [click(ip=AZURE_IP)],
            "would be human with trusted input on the landing page, or without datacentre-network",
        ),
        (
            [sent(), click(60, ip=AZURE_IP)],
            "would be human with trusted input on the landing page, or without datacentre-network",
        ),
        (
            sweep(3_600, links=9, gap=0.08, ip=BARRACUDA_IP),
            "would be human without burst and mail-security-network and datacentre-burst",
        ),
    ],
)
def test_counterfactual(events: list[AnyEvent], words: str) -> None:
    assert words == of(*events)


clicks_counterfactual = st.lists(
    st.builds(
        lambda seconds, link, ip: click(seconds, link=link, ip=ip),
        st.integers(0, 200),
        st.integers(0, 5),
        st.sampled_from([HOME_IP, AZURE_IP, BARRACUDA_IP]),
    ),
    max_size=8,
    unique_by=lambda one: one.id,
)


@given(clicks_counterfactual)
def test_it_is_true(found: list[Click]) -> None:
    before = judge(timeline(sent(links=5), *found), CONTEXT)
    after = judge(
        timeline(
            sent(links=5), *found, *(engagement(one.id, seconds=3_610 + 2 * place) for place, one in enumerate(found))
        ),
        CONTEXT,
    )
    promised = [
        one.verdict is Verdict.HUMAN or "with trusted input" in describe_counterfactual(one, RULES) for one in before
    ]
    assert promised == [one.verdict is Verdict.HUMAN for one in after]
