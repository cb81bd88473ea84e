"""From signals to verdicts: hard rules first, then the sum of points."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final, Protocol

from clicktrail.judge.address_activity import Visit
from clicktrail.judge.evidence import Case
from clicktrail.judge.rules import Context, Rule, Rules
from clicktrail.judge.signals import SIGNALS, Findings
from clicktrail.model.event import Click
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Reason, Verdict, is_counted

__all__ = ["Judge", "State", "Ways", "counterfactual", "judge", "state_after", "ways"]


class Judge(Protocol):
    """The judge, with its rules."""

    def __call__(self, timeline: Timeline, *, nearby: Iterable[Visit] = ()) -> tuple[JudgedClick, ...]:
        """A verdict for each click of a timeline, given what its addresses did on other messages."""
        ...


def judge(timeline: Timeline, context: Context, nearby: Iterable[Visit] = ()) -> tuple[JudgedClick, ...]:
    """Judge every click of one message, in the order of time.

    Args:
        timeline: the message's events.
        context: rules, networks and agents.
        nearby: requests by the same addresses on other messages, within `visits.NEARBY` of one of these clicks. More
            than those, and the message's own, change nothing.

    A pure function: the same events and the same context give the same verdicts, in whatever order the events became
    known. Each click is judged on its own facts, so that a person counts even where a scanner was there first.
    """
    case = Case.of(timeline, context, nearby)
    findings = [(rule, found) for rule in context.rules.rules if (found := SIGNALS[rule.name](case, **rule.thresholds))]
    version = context.version
    return tuple(
        _judged(
            click,
            findings,
            rules=context.rules,
            version=version,
            counted=is_counted(click, activated=click.id in case.engaged),
        )
        for click in case.clicks
    )


def _judged(
    click: Click, findings: Sequence[tuple[Rule, Findings]], *, rules: Rules, version: str, counted: bool
) -> JudgedClick:
    spoken = [(rule, found[click.id]) for rule, found in findings if click.id in found]
    score = sum(rule.points for rule, _ in spoken)
    decided = next((rule.verdict for rule, _ in spoken if rule.verdict), None)
    return JudgedClick(
        click=click,
        verdict=decided or rules.verdict(score),
        score=score,
        reasons=tuple(
            Reason(signal=rule.name, points=rule.points, detail=words)
            for rule, words in sorted(spoken, key=_heaviest_first)
        ),
        counted=counted,
        rules=version,
    )


def _heaviest_first(spoken: tuple[Rule, str]) -> tuple[bool, int]:
    rule, _ = spoken
    return rule.verdict is None, -abs(rule.points)


# FOLDED states.py: How sure a verdict is to stand, by how long the click is past.


class State(StrEnum):
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


def state_after(age: timedelta) -> State:
    """The state of a verdict on a click that is so long past."""
    if age >= FINAL_AFTER:
        return State.FINAL
    return State.SETTLED if age >= SETTLED_AFTER else State.PROVISIONAL


# FOLDED counterfactual.py: What would have made another verdict of it: the least that stands between a click
# and being a person's.

_ENGAGED = "engaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What would make a click a person's, each alone.

    Attributes:
        engaged: whether trusted input on the landing page would.
        without: the signals that must not have spoken, all of them.
    """

    engaged: bool
    without: tuple[str, ...]


def ways(judged: JudgedClick, rules: Rules) -> Ways | None:
    """None for what is human already, and where a rule decided alone: nothing outweighs that."""
    decided = any(not reason.points for reason in judged.reasons)
    if decided or judged.verdict is Verdict.HUMAN or judged.verdict is not rules.verdict(judged.score):
        return None
    known = any(reason.signal == _ENGAGED for reason in judged.reasons)
    worth = sum(rule.points for rule in rules.rules if rule.name == _ENGAGED)
    return Ways(
        engaged=not known and rules.verdict(judged.score + worth) is Verdict.HUMAN,
        without=tuple(reason.signal for reason in _fewest(judged, rules)),
    )


def counterfactual(judged: JudgedClick, rules: Rules) -> str:
    """A sentence's end such as "would be human with trusted input on the landing page, or without burst".

    Empty where there are no `ways`.
    """
    found = ways(judged, rules)
    if not found:
        return ""
    engaged = "with trusted input on the landing page, or " if found.engaged else ""
    return f"would be human {engaged}without {' and '.join(found.without)}"


def _fewest(judged: JudgedClick, rules: Rules) -> list[Reason]:
    """As few reasons as tip the balance: the lightest that does alone, else from the heaviest on until it does."""
    against = [reason for reason in judged.reasons if reason.points > 0]
    for reason in reversed(against):
        if rules.verdict(judged.score - reason.points) is Verdict.HUMAN:
            return [reason]
    score, taken = judged.score, []
    for reason in against:
        taken.append(reason)
        score -= reason.points
        if rules.verdict(score) is Verdict.HUMAN:
            break
    return taken
