import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clicktrail.judge import judge
from clicktrail.judge.counterfactual import counterfactual
from clicktrail.model.event import AnyEvent, Click
from clicktrail.model.verdict import Verdict
from tests.clicks import AZURE, BARRACUDA, CONTEXT, HOME, click, engagement, sent, sweep, timeline

RULES = CONTEXT.rules


def of(*events: AnyEvent) -> str:
    """What is said of the first click."""
    return counterfactual(judge(timeline(*events), CONTEXT)[0], RULES)


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([click()], ""),
        ([replace(click(), method="HEAD", ip=AZURE)], ""),
        ([replace(click(), method="HEAD", ip=BARRACUDA)], ""),
        (
            [click(ip=AZURE)],
            "would be human with trusted input on the landing page, or without datacentre-network",
        ),
        (
            [sent(), click(60, ip=AZURE)],
            "would be human with trusted input on the landing page, or without datacentre-network",
        ),
        (
            sweep(3_600, links=9, gap=0.08, ip=BARRACUDA),
            "would be human without burst and mail-security-network and hosted-burst",
        ),
    ],
)
def test_counterfactual(events: list[AnyEvent], words: str) -> None:
    """People are people, hard rules stand, and else the least that would do is named."""
    assert words == of(*events)


clicks = st.lists(
    st.builds(
        lambda seconds, link, ip: click(seconds, link=link, ip=ip),
        st.integers(0, 200),
        st.integers(0, 5),
        st.sampled_from([HOME, AZURE, BARRACUDA]),
    ),
    max_size=8,
    unique_by=lambda one: one.id,
)


@given(clicks)
def test_it_is_true(found: list[Click]) -> None:
    """Who would be human with trusted input is human with it, and nobody else is."""
    before = judge(timeline(sent(links=5), *found), CONTEXT)
    after = judge(
        timeline(
            sent(links=5), *found, *(engagement(one.id, seconds=3_610 + 2 * place) for place, one in enumerate(found))
        ),
        CONTEXT,
    )
    promised = [one.verdict is Verdict.HUMAN or "with trusted input" in counterfactual(one, RULES) for one in before]
    assert promised == [one.verdict is Verdict.HUMAN for one in after]
