"""Turn signals into verdicts: hard rules first, then the sum of points.

A message can have any number of clicks: its link may be posted in public, or requested in a loop. So clicks are
compared in groups of at most `MAX_CLICKS_JUDGED_TOGETHER`: the first clicks of the message, and later the first clicks
of every `INTERVAL`. Any other click is judged by itself. A click therefore changes a bounded number of verdicts, and
every verdict is determined by the message's clicks, not by the order in which they become known.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import groupby
from typing import Final, Protocol

from clicktrail.judge.evidence import AddressClick, MessageEvidence, start_of_interval
from clicktrail.judge.rules import Context, Rule, Rules
from clicktrail.judge.signals import SIGNALS, SignalMatches
from clicktrail.model.event import Click
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Reason, Verdict, is_counted

SETTLED_AFTER: Final = timedelta(minutes=30)
"""By then a burst is over, and most engagement on the landing page was reported."""

FINAL_AFTER: Final = timedelta(hours=72)
"""By then ESPs no longer retry failed webhooks."""

MAX_CLICKS_JUDGED_TOGETHER: Final = 300
"""Three scanners that request each of fifty links with HEAD and GET."""

_ENGAGED_SIGNAL = "engaged"


class Judge(Protocol):
    """`judge` with its context already bound."""

    def __call__(self, timeline: Timeline, *, address_clicks: Iterable[AddressClick] = ()) -> tuple[JudgedClick, ...]:
        """Judge every click of a timeline."""
        ...


def judge(timeline: Timeline, context: Context, address_clicks: Iterable[AddressClick] = ()) -> tuple[JudgedClick, ...]:
    """Judge every click of one message, in the order of time.

    The result depends only on the arguments, not on the order in which events became known. Each click is judged by
    its own evidence, so a person counts even if a scanner followed the same link first.

    ``address_clicks`` are clicks on other messages from the same IP addresses, within `ACTIVITY_WINDOW` of a click of
    this message. Clicks outside this window, and clicks of this message, change nothing.

    Groups after the first one are judged without ``address_clicks``.
    """
    first_clicks = timeline.first_clicks(MAX_CLICKS_JUDGED_TOGETHER)
    judged = _judge_together(first_clicks, context, address_clicks)
    later_clicks = timeline.clicks[MAX_CLICKS_JUDGED_TOGETHER:]
    groups = timeline.split(group_later_clicks(later_clicks), timeline.engagements) if later_clicks else ()
    return (*judged, *(later for group in groups for later in _judge_together(group, context, ())))


def group_later_clicks(clicks: Iterable[Click]) -> Iterator[Sequence[Click]]:
    """Group clicks, in the order of time, that are judged together: of every interval the first, any other alone."""
    for _, iterator in groupby(clicks, key=lambda click: start_of_interval(click.at)):
        interval_clicks = tuple(iterator)
        yield interval_clicks[:MAX_CLICKS_JUDGED_TOGETHER]
        yield from ((click,) for click in interval_clicks[MAX_CLICKS_JUDGED_TOGETHER:])


def _judge_together(
    timeline: Timeline, context: Context, address_clicks: Iterable[AddressClick]
) -> tuple[JudgedClick, ...]:
    evidence = MessageEvidence.from_timeline(timeline, context, address_clicks)
    matches = [
        (rule, clicks) for rule in context.rules.rules if (clicks := SIGNALS[rule.name](evidence, **rule.thresholds))
    ]
    rules_version = context.version
    return tuple(
        _judge_click(
            click,
            matches,
            rules=context.rules,
            rules_version=rules_version,
            counted=is_counted(click, has_engagement=click.id in evidence.engagements),
        )
        for click in evidence.clicks
    )


def _judge_click(
    click: Click, matches: Sequence[tuple[Rule, SignalMatches]], *, rules: Rules, rules_version: str, counted: bool
) -> JudgedClick:
    matching_rules = [(rule, details[click.id]) for rule, details in matches if click.id in details]
    if any(rule.unless for rule, _ in matching_rules):
        names = {rule.name for rule, _ in matching_rules}
        matching_rules = [(rule, detail) for rule, detail in matching_rules if not rule.unless & names]
    score = sum(rule.points for rule, _ in matching_rules)
    hard_rule_verdict = next((rule.verdict for rule, _ in matching_rules if rule.verdict), None)
    return JudgedClick(
        click=click,
        verdict=hard_rule_verdict or rules.verdict_for_score(score),
        score=score,
        reasons=tuple(
            Reason(signal=rule.name, points=rule.points, detail=detail)
            for rule, detail in sorted(matching_rules, key=_reason_sort_key)
        ),
        counted=counted,
        rules=rules_version,
    )


def _reason_sort_key(rule_and_detail: tuple[Rule, str]) -> tuple[bool, int]:
    # Hard rules come first, then the rules with the most points.
    rule, _ = rule_and_detail
    return rule.verdict is None, -abs(rule.points)


class VerdictState(StrEnum):
    """How likely a verdict is to change, by the click's age."""

    PROVISIONAL = "provisional"
    """The rest of a burst or engagement on the landing page may still change the verdict."""

    SETTLED = "settled"
    """Only late events may change the verdict: an ESP's delayed webhook, or further clicks on the same message."""

    FINAL = "final"
    """No more events are expected."""


def compute_verdict_state(age: timedelta) -> VerdictState:
    """State of a verdict on a click of this age."""
    if age >= FINAL_AFTER:
        return VerdictState.FINAL
    return VerdictState.SETTLED if age >= SETTLED_AFTER else VerdictState.PROVISIONAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """What would have made a click human: engagement, or the absence of some signals.

    Attributes:
        engagement_suffices: whether engagement on the landing page alone would have.
        without_signals: signals without which the click would be human, all of them together.
    """

    engagement_suffices: bool
    without_signals: tuple[str, ...]


def find_counterfactual(judged: JudgedClick, rules: Rules) -> Counterfactual | None:
    """What would have made a click human; None if it is, or if a hard rule decided."""
    is_decided_by_hard_rule = any(not reason.points for reason in judged.reasons)
    if (
        is_decided_by_hard_rule
        or judged.verdict is Verdict.HUMAN
        or judged.verdict is not rules.verdict_for_score(judged.score)  # judged by an earlier version of the rules
    ):
        return None
    is_engaged = any(reason.signal == _ENGAGED_SIGNAL for reason in judged.reasons)
    engaged_points = sum(rule.points for rule in rules.rules if rule.name == _ENGAGED_SIGNAL)
    return Counterfactual(
        engagement_suffices=not is_engaged and rules.verdict_for_score(judged.score + engaged_points) is Verdict.HUMAN,
        without_signals=tuple(reason.signal for reason in _select_minimal_reasons(judged, rules)),
    )


def describe_counterfactual(judged: JudgedClick, rules: Rules) -> str:
    """`find_counterfactual` as text, such as "would be human with trusted input on the landing page, or without burst".

    Empty if there is none.
    """
    counterfactual = find_counterfactual(judged, rules)
    if not counterfactual:
        return ""
    engaged = "with trusted input on the landing page, or " if counterfactual.engagement_suffices else ""
    return f"would be human {engaged}without {' and '.join(counterfactual.without_signals)}"


def _select_minimal_reasons(judged: JudgedClick, rules: Rules) -> list[Reason]:
    # The lightest single reason whose removal makes the click human, or else the heaviest ones until it is.
    bot_reasons = [reason for reason in judged.reasons if reason.points > 0]
    for reason in reversed(bot_reasons):
        if rules.verdict_for_score(judged.score - reason.points) is Verdict.HUMAN:
            return [reason]
    score, removed = judged.score, []
    for reason in bot_reasons:
        removed.append(reason)
        score -= reason.points
        if rules.verdict_for_score(score) is Verdict.HUMAN:
            break
    return removed
