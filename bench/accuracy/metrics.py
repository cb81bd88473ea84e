"""How well verdicts fit the truth."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from bench.population.draws import PerturbedRandom
from bench.population.plan import ClickerKind
from bench.population.world import Simulation
from clicktrail.model.event import Click
from clicktrail.model.verdict import Verdict, is_counted

__all__ = ["MEASURES", "Estimate", "Tally", "estimate_measures", "tally_verdicts"]

_BOOTSTRAP_DRAWS: Final = 1_000
_BOT_VERDICTS: Final = frozenset({Verdict.BOT, Verdict.PREVIEW})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One world's verdicts, counted.

    Attributes:
        clicks: counted clicks by truth (a person's or not) and verdict.
        message_counts: messages that a person clicked; messages with a click that was taken for a person's; both.
        rate_errors: by campaign, the difference of its click rate from the true one, as a share of that.
        verdicts_by_actor: verdicts on all requests of each actor, damaged links and HEAD requests too.
    """

    clicks: Counter[tuple[bool, Verdict]]
    message_counts: tuple[int, int, int]
    rate_errors: tuple[float, ...]
    verdicts_by_actor: Mapping[str, Counter[Verdict]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One measure over all seeds, with the bounds of 95 of 100 draws of as many seeds."""

    value: float
    low: float
    high: float


def tally_verdicts(simulation: Simulation, verdicts: Mapping[str, Verdict]) -> Tally:
    """Count one world.

    Args:
        simulation: with its truth.
        verdicts: by click id, one for each click.
    """
    clicks = {event.id: event for event in simulation.events if isinstance(event, Click)}
    counted: Counter[tuple[bool, Verdict]] = Counter()
    actors: dict[str, Counter[Verdict]] = defaultdict(Counter)
    true: dict[str, set[str]] = defaultdict(set)
    claimed: dict[str, set[str]] = defaultdict(set)
    for fact in simulation.truths:
        verdict = verdicts[fact.click_id]
        actors[fact.actor][verdict] += 1
        if is_counted(clicks[fact.click_id]):
            counted[fact.kind is ClickerKind.HUMAN, verdict] += 1
            if fact.kind is ClickerKind.HUMAN:
                true[fact.campaign].add(fact.message_id)
            if verdict is Verdict.HUMAN:
                claimed[fact.campaign].add(fact.message_id)
    return Tally(
        clicks=counted,
        message_counts=(
            sum(map(len, true.values())),
            sum(map(len, claimed.values())),
            sum(len(true[campaign] & claimed[campaign]) for campaign in true),
        ),
        rate_errors=tuple(abs(len(claimed[name]) / len(true[name]) - 1) for name in sorted(true)),
        verdicts_by_actor=actors,
    )


def _bot_precision(tallies: Sequence[Tally]) -> float:
    clicks = _sum_clicks(tallies)
    found = sum(clicks[False, verdict] for verdict in _BOT_VERDICTS)
    return _divide(found, found + sum(clicks[True, verdict] for verdict in _BOT_VERDICTS), empty=1)


def _bot_recall(tallies: Sequence[Tally]) -> float:
    clicks = _sum_clicks(tallies)
    return _divide(
        sum(clicks[False, verdict] for verdict in _BOT_VERDICTS), sum(clicks[False, each] for each in Verdict)
    )


def _human_precision(tallies: Sequence[Tally]) -> float:
    return _divide(
        sum(each.message_counts[2] for each in tallies), sum(each.message_counts[1] for each in tallies), empty=1
    )


def _human_recall(tallies: Sequence[Tally]) -> float:
    return _divide(sum(each.message_counts[2] for each in tallies), sum(each.message_counts[0] for each in tallies))


def _filter_f1(tallies: Sequence[Tally]) -> float:
    """Of all that reports leave out, suspected clicks among it: others know no doubt."""
    clicks = _sum_clicks(tallies)
    left_out = [verdict for verdict in Verdict if verdict is not Verdict.HUMAN]
    found, lost = (sum(clicks[person, verdict] for verdict in left_out) for person in (False, True))
    return _harmonic_mean(_divide(found, found + lost), _divide(found, found + clicks[False, Verdict.HUMAN]))


def _human_f1(tallies: Sequence[Tally]) -> float:
    return _harmonic_mean(_human_precision(tallies), _human_recall(tallies))


def _click_rate_inflation(tallies: Sequence[Tally]) -> float:
    return _divide(sum(each.message_counts[1] for each in tallies), sum(each.message_counts[0] for each in tallies)) - 1


def _mean_rate_error(tallies: Sequence[Tally]) -> float:
    errors = [error for each in tallies for error in each.rate_errors]
    return sum(errors) / len(errors)


def _p95_rate_error(tallies: Sequence[Tally]) -> float:
    """What 19 of 20 campaigns do not exceed."""
    errors = sorted(error for each in tallies for error in each.rate_errors)
    return errors[ceil(0.95 * len(errors)) - 1]


def _suspected_human_share(tallies: Sequence[Tally]) -> float:
    clicks = _sum_clicks(tallies)
    return _divide(clicks[True, Verdict.SUSPECTED], sum(clicks[True, verdict] for verdict in Verdict))


MEASURES: Final = {
    "bot precision": _bot_precision,
    "bot recall": _bot_recall,
    "filter F1": _filter_f1,
    "human precision": _human_precision,
    "human recall": _human_recall,
    "human F1": _human_f1,
    "inflation": _click_rate_inflation,
    "click-rate error": _mean_rate_error,
    "error of 19 in 20": _p95_rate_error,
    "people suspected": _suspected_human_share,
}
"""Bots by counted click, previews among them; humans by message; errors by campaign, their mean."""


def estimate_measures(tallies: Sequence[Tally]) -> Mapping[str, Estimate]:
    """Every measure over the worlds of several seeds."""
    return {name: _build_estimate(measure(tallies), _bootstrap(tallies, name)) for name, measure in MEASURES.items()}


def _bootstrap(tallies: Sequence[Tally], name: str) -> list[float]:
    """The bootstrap: what other seeds might have shown, from draws of these with replacement."""
    draw = PerturbedRandom(0, name)
    return sorted(MEASURES[name](draw.choices(tallies, k=len(tallies))) for _ in range(_BOOTSTRAP_DRAWS))


def _build_estimate(value: float, drawn: Sequence[float]) -> Estimate:
    return Estimate(value=value, low=drawn[len(drawn) // 40], high=drawn[-1 - len(drawn) // 40])


def _sum_clicks(tallies: Iterable[Tally]) -> Counter[tuple[bool, Verdict]]:
    total: Counter[tuple[bool, Verdict]] = Counter()
    for each in tallies:
        total.update(each.clicks)
    return total


def _divide(part: int, whole: int, *, empty: float = 0.0) -> float:
    return part / whole if whole else empty


def _harmonic_mean(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
