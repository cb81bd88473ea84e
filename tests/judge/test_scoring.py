"""Verdicts on typical clicks of humans and scanners."""

import dataclasses
import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clicktrail.judge import judge
from clicktrail.judge.evidence import AddressClick
from clicktrail.judge.scoring import VerdictState, compute_verdict_state, describe_counterfactual
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


def test_human() -> None:
    (judged,) = judge(timeline(sent(), delivered(2), click(7_200)), CONTEXT)
    assert (
        judged.verdict,
        judged.score,
        judged.reasons,
        judged.counted,
        judged.rules,
    ) == (Verdict.HUMAN, 0, (), True, CONTEXT.version)


def test_burst_from_a_data_centre() -> None:
    events: list[AnyEvent] = [sent(links=9), *sweep(43, links=9, gap=0.08, ip=AZURE_IP)]
    judged = judge(timeline(*events), CONTEXT)
    assert {judged_click.verdict for judged_click in judged} == {Verdict.BOT}
    assert [(reason.signal, reason.points) for reason in judged[0].reasons[:3]] == [
        ("burst", 5),
        ("datacentre-network", 3),
        ("datacentre-burst", 3),
    ]


def test_human_after_a_burst() -> None:
    verdict_by_id = verdicts(
        sent(links=7), *sweep(43, links=7, gap=0.1, ip=AZURE_IP), click(5_000, link=0, id="person")
    )
    assert (verdict_by_id.pop("person"), list(verdict_by_id.values())) == (Verdict.HUMAN, [Verdict.BOT] * 7)


def test_scanner_and_human_on_the_same_link() -> None:
    assert verdicts(sent(), click(5_000, ip=AZURE_IP, id="scanner"), click(5_001.2, id="person")) == {
        "scanner": Verdict.BOT,
        "person": Verdict.HUMAN,
    }


def test_single_click_from_a_mail_security_network() -> None:
    assert verdicts(sent(), click(9, ip=BARRACUDA_IP, id="c")) == {"c": Verdict.BOT}


def test_remote_desktop_is_human_with_engagement() -> None:
    remote_click = click(5_000, ip=AZURE_IP, id="c")
    assert [
        verdicts(sent(), remote_click),
        verdicts(sent(), remote_click, engagement("c")),
    ] == [{"c": Verdict.SUSPECTED}, {"c": Verdict.HUMAN}]


def test_hard_rules_decide_alone() -> None:
    head = replace(click(id="c", agent="Slackbot-LinkExpanding 1.0"), method="HEAD")
    (judged,) = judge(timeline(head, engagement("c")), CONTEXT)
    assert (
        judged.verdict,
        [reason.signal for reason in judged.reasons],
    ) == (Verdict.BOT, ["non-get-method", "preview-user-agent", "engaged"])


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
def test_single_request(changes: dict[str, object], verdict: Verdict, counted: bool) -> None:
    (judged,) = judge(timeline(sent(), replace(click(), **changes)), CONTEXT)
    assert (judged.verdict, judged.counted) == (verdict, counted)


def test_prefetch_with_engagement_is_human() -> None:
    prefetched = replace(click(id="c"), headers={"sec-purpose": "prefetch;prerender"})
    (before,) = judge(timeline(prefetched), CONTEXT)
    (after,) = judge(timeline(prefetched, engagement("c")), CONTEXT)
    assert (
        (before.verdict, before.counted),
        (after.verdict, after.counted),
    ) == ((Verdict.PREVIEW, False), (Verdict.HUMAN, True))


def test_message_without_clicks() -> None:
    assert judge(timeline(sent()), CONTEXT) == ()


clicks = st.builds(
    lambda seconds, link, ip, agent, method: replace(click(seconds, link=link, ip=ip, agent=agent), method=method),
    st.floats(-5, 120).map(lambda seconds: round(seconds, 1)),
    st.integers(0, 5),
    st.sampled_from([HOME_IP, AZURE_IP, BARRACUDA_IP, "2001:db8::1"]),
    st.sampled_from([CHROME_AGENT, "curl/8.5.0", "", "WhatsApp/2.23.20.0"]),
    st.sampled_from(["GET", "HEAD"]),
)
histories = st.lists(clicks, max_size=20).map(
    lambda drawn: [replace(click_, id=f"c{number}") for number, click_ in enumerate(drawn)]
)


@given(history=histories, data=st.data())
def test_order_of_events_does_not_matter(history: list[Click], data: st.DataObject) -> None:
    events: list[AnyEvent] = [
        sent(links=5),
        delivered(1),
        *history,
        *(engagement(click_.id) for click_ in history[::3]),
    ]
    assert judge(timeline(*events), CONTEXT) == judge(timeline(*data.draw(st.permutations(events))), CONTEXT)


@given(history=histories)
def test_duplicate_events_change_nothing(history: list[Click]) -> None:
    events: list[AnyEvent] = [sent(links=5), *history]
    assert judge(timeline(*events), CONTEXT) == judge(timeline(*events, *reversed(events)), CONTEXT)


@given(history=histories, data=st.data())
def test_engagement_never_raises_the_score(history: list[Click], data: st.DataObject) -> None:
    ids = [click_.id for click_ in history]
    engagements = data.draw(
        st.lists(
            st.builds(
                lambda click_id, kind, seconds: engagement(click_id, kind=kind, seconds=seconds),
                st.sampled_from([*ids, "unknown"]),
                st.sampled_from(["loaded", "engaged"]),
                st.integers(0, 9_000),
            ),
            max_size=2,  # three pages without engagement, or with engagement at once, count against their visitor
        )
    )
    scores_by_step = [scores(history, engagements[:count]) for count in range(len(engagements) + 1)]
    assert [
        click_id
        for before, after in itertools.pairwise(scores_by_step)
        for click_id in before
        if after[click_id] > before[click_id]
    ] == []


def scores(history: list[Click], engagements: list[Engagement]) -> dict[str, int]:
    """Scores by click id."""
    return {judged.click.id: judged.score for judged in judge(timeline(sent(links=5), *history, *engagements), CONTEXT)}


@given(history=histories)
def test_click_a_day_later_is_human(history: list[Click]) -> None:
    person = click(86_400, link=3, id="person")
    assert verdicts(sent(links=5), *history, person)["person"] == Verdict.HUMAN


address_click_lists = st.lists(
    st.builds(
        lambda seconds, ip, recipient, tampered: AddressClick(
            at=noon_plus(seconds),
            ip=ip,
            message_id="" if tampered else f"m-{recipient}",
            recipient="" if tampered else f"p{recipient}@{'abc'[recipient % 3]}.example",
            tampered=tampered,
        ),
        st.integers(-70, 190),
        st.sampled_from([HOME_IP, AZURE_IP, "2001:db8::1"]),
        st.integers(0, 8),
        st.booleans(),
    ),
    max_size=20,
)


@given(history=histories, address_clicks=address_click_lists, data=st.data())
def test_address_clicks_outside_the_window_change_nothing(
    history: list[Click], address_clicks: list[AddressClick], data: st.DataObject
) -> None:
    message = timeline(sent(links=5), *history)
    times = [(click_.at - NOON).total_seconds() for click_ in history]
    irrelevant = [
        *address_clicks,
        *map(AddressClick.from_click, history),
        *(
            dataclasses.replace(address_click, at=noon_plus(max(times, default=0) + 61))
            for address_click in address_clicks
        ),
        *(dataclasses.replace(address_click, ip="203.0.113.1") for address_click in address_clicks),
    ]
    expected = judge(message, CONTEXT, address_clicks)
    assert judge(message, CONTEXT, data.draw(st.permutations(address_clicks + irrelevant))) == expected


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
def test_state(age: timedelta, state: VerdictState) -> None:
    assert compute_verdict_state(age) == state


RULES = CONTEXT.rules


def describe_first_click(*events: AnyEvent) -> str:
    """The counterfactual of the first click."""
    return describe_counterfactual(judge(timeline(*events), CONTEXT)[0], RULES)


@pytest.mark.parametrize(
    ("events", "description"),
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
def test_counterfactual(events: list[AnyEvent], description: str) -> None:
    assert describe_first_click(*events) == description


counterfactual_clicks = st.lists(
    st.builds(
        lambda seconds, link, ip: click(seconds, link=link, ip=ip),
        st.integers(0, 200),
        st.integers(0, 5),
        st.sampled_from([HOME_IP, AZURE_IP, BARRACUDA_IP]),
    ),
    max_size=8,
    unique_by=lambda click_: click_.id,
)


@given(counterfactual_clicks)
def test_engagement_has_the_effect_that_the_counterfactual_describes(drawn: list[Click]) -> None:
    before = judge(timeline(sent(links=5), *drawn), CONTEXT)
    after = judge(
        timeline(
            sent(links=5),
            *drawn,
            *(engagement(click_.id, seconds=3_610 + 200 * number) for number, click_ in enumerate(drawn)),
        ),
        CONTEXT,
    )
    expected = [
        judged_click.verdict is Verdict.HUMAN or "with trusted input" in describe_counterfactual(judged_click, RULES)
        for judged_click in before
    ]
    assert [judged_click.verdict is Verdict.HUMAN for judged_click in after] == expected
