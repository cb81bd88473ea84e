"""What would have made another verdict of it: the least that stands between a click and being a person's."""

from dataclasses import dataclass

from clicktrail.judge.rules import Rules
from clicktrail.model.verdict import JudgedClick, Reason, Verdict

__all__ = ["Ways", "counterfactual", "ways"]

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
