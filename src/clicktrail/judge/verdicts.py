"""From signals to verdicts: hard rules first, then the sum of points."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from clicktrail.judge.case import Case
from clicktrail.judge.context import Context
from clicktrail.judge.rules import Rule, Rules
from clicktrail.judge.signals import SIGNALS, Findings
from clicktrail.judge.visits import Visit
from clicktrail.model.event import Click
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Reason, is_counted

__all__ = ["Judge", "judge"]


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
