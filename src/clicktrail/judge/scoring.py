"""From signals to verdicts: hard rules first, then the sum of points."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final, Protocol

from clicktrail.judge.address_activity import AddressClick
from clicktrail.judge.evidence import MessageEvidence
from clicktrail.judge.rules import Context, Rule, Rules
from clicktrail.judge.signals import SIGNALS, SignalMatches
from clicktrail.model.event import Click
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Reason, Verdict, is_counted

__all__ = [
    "Counterfactual",
    "Judge",
    "VerdictState",
    "compute_state",
    "describe_counterfactual",
    "find_counterfactual",
    "judge",
]


class Judge(Protocol):
    """The judge, with its rules."""

    def __call__(self, timeline: Timeline, *, address_clicks: Iterable[AddressClick] = ()) -> tuple[JudgedClick, ...]:
        """A verdict for each click of a timeline, given what its addresses did on other messages."""
        ...


def judge(timeline: Timeline, context: Context, address_clicks: Iterable[AddressClick] = ()) -> tuple[JudgedClick, ...]:
    """Judge every click of one message, in the order of time.

    Args:
        timeline: the message's events.
        context: rules, networks and agents.
        address_clicks: requests by the same addresses on other messages, within `visits.NEARBY` of one of these clicks. More
            than those, and the message's own, change nothing.

    A pure function: the same events and the same context give the same verdicts, in whatever order the events became
    known. Each click is judged on its own facts, so that a person counts even where a scanner was there first.
    """
    case = MessageEvidence.from_timeline(timeline, context, address_clicks)
    findings = [(rule, found) for rule in context.rules.rules if (found := SIGNALS[rule.name](case, **rule.thresholds))]
    version = context.version
    return tuple(
        _judge_click(
            click,
            findings,
            rules=context.rules,
            version=version,
            counted=is_counted(click, has_engagement=click.id in case.engagements),
        )
        for click in case.clicks
    )


def _judge_click(
    click: Click, matches: Sequence[tuple[Rule, SignalMatches]], *, rules: Rules, version: str, counted: bool
) -> JudgedClick:
    spoken = [(rule, found[click.id]) for rule, found in matches if click.id in found]
    score = sum(rule.points for rule, _ in spoken)
    decided = next((rule.verdict for rule, _ in spoken if rule.verdict), None)
    return JudgedClick(
        click=click,
        verdict=decided or rules.verdict_for_score(score),
        score=score,
        reasons=tuple(
            Reason(signal=rule.name, points=rule.points, detail=words)
            for rule, words in sorted(spoken, key=_reason_sort_key)
        ),
        counted=counted,
        rules=version,
    )


def _reason_sort_key(rule_and_detail: tuple[Rule, str]) -> tuple[bool, int]:
    rule, _ = rule_and_detail
    return rule.verdict is None, -abs(rule.points)


# FOLDED states.py: How sure a verdict is to stand, by how long the click is past.


class VerdictState(StrEnum):
    """What may still become of a verdict."""

    PROVISIONAL = "provisional"
    """The rest of a burst, or a key pressed on the landing page, may still change it."""

    SETTLED = "settled"
    """Only what comes late does: a delivery that an ESP tells hours after, or clicks on the same message."""

    FINAL = "final"
    """Nothing is expected any more."""


SETTLED_AFTER: Final = timedelta(minutes=30)
"""As long as a landing page is waited for."""

FINAL_AFTER: Final = timedelta(hours=72)
"""As long as ESPs go on trying to tell what they know."""


def compute_state(age: timedelta) -> VerdictState:
    """The state of a verdict on a click that is so long past."""
    if age >= FINAL_AFTER:
        return VerdictState.FINAL
    return VerdictState.SETTLED if age >= SETTLED_AFTER else VerdictState.PROVISIONAL


# FOLDED counterfactual.py: What would have made another verdict of it: the least that stands between a click
# and being a person's.

_ENGAGED_SIGNAL = "engaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """What would make a click a person's, each alone.

    Attributes:
        engagement_suffices: whether trusted input on the landing page would.
        without_signals: the signals that must not have spoken, all of them.
    """

    engagement_suffices: bool
    without_signals: tuple[str, ...]


def find_counterfactual(judged: JudgedClick, rules: Rules) -> Counterfactual | None:
    """None for what is human already, and where a rule decided alone: nothing outweighs that."""
    decided = any(not reason.points for reason in judged.reasons)
    if decided or judged.verdict is Verdict.HUMAN or judged.verdict is not rules.verdict_for_score(judged.score):
        return None
    known = any(reason.signal == _ENGAGED_SIGNAL for reason in judged.reasons)
    worth = sum(rule.points for rule in rules.rules if rule.name == _ENGAGED_SIGNAL)
    return Counterfactual(
        engagement_suffices=not known and rules.verdict_for_score(judged.score + worth) is Verdict.HUMAN,
        without_signals=tuple(reason.signal for reason in _select_minimal_reasons(judged, rules)),
    )


def describe_counterfactual(judged: JudgedClick, rules: Rules) -> str:
    """A sentence's end such as "would be human with trusted input on the landing page, or without burst".

    Empty where there are no `find_counterfactual`.
    """
    found = find_counterfactual(judged, rules)
    if not found:
        return ""
    engaged = "with trusted input on the landing page, or " if found.engagement_suffices else ""
    return f"would be human {engaged}without {' and '.join(found.without_signals)}"


def _select_minimal_reasons(judged: JudgedClick, rules: Rules) -> list[Reason]:
    """As few reasons as tip the balance: the lightest that does alone, else from the heaviest on until it does."""
    against = [reason for reason in judged.reasons if reason.points > 0]
    for reason in reversed(against):
        if rules.verdict_for_score(judged.score - reason.points) is Verdict.HUMAN:
            return [reason]
    score, taken = judged.score, []
    for reason in against:
        taken.append(reason)
        score -= reason.points
        if rules.verdict_for_score(score) is Verdict.HUMAN:
            break
    return taken
