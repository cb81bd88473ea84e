"""What would have made another verdict of it: the least that stands between a click and being a person's."""

from clicktrail.judge.rules import Rules
from clicktrail.model.verdict import JudgedClick, Reason, Verdict

__all__ = ["counterfactual"]

_ENGAGED = "engaged"


def counterfactual(judged: JudgedClick, rules: Rules) -> str:
    """A sentence's end such as "would be human with trusted input on the landing page, or without burst".

    Empty for what is human already, and where a rule decided alone: nothing outweighs that.
    """
    if judged.verdict is Verdict.HUMAN or judged.verdict is not rules.verdict(judged.score):
        return ""
    ways = [f"without {' and '.join(reason.signal for reason in _fewest(judged, rules))}"]
    known = any(reason.signal == _ENGAGED for reason in judged.reasons)
    worth = sum(rule.points for rule in rules.rules if rule.name == _ENGAGED)
    if not known and rules.verdict(judged.score + worth) is Verdict.HUMAN:
        ways.insert(0, "with trusted input on the landing page")
    return f"would be human {', or '.join(ways)}"


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
