"""How well verdicts fit the truth."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from bench.population.draws import Luck
from bench.population.plan import Kind
from bench.population.world import World
from clicktrail.model.event import Click
from clicktrail.model.verdict import Verdict, is_counted

__all__ = ["MEASURES", "Figure", "Tally", "figures", "tally"]

_DRAWS: Final = 1_000
_MACHINES: Final = frozenset({Verdict.BOT, Verdict.PREVIEW})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One world's verdicts, counted.

    Attributes:
        clicks: counted clicks by truth (a person's or not) and verdict.
        clicked: messages that a person clicked; messages with a click that was taken for a person's; both.
        rate_errors: by campaign, the difference of its click rate from the true one, as a share of that.
        actors: verdicts on all requests of each actor, damaged links and HEAD requests too.
    """

    clicks: Counter[tuple[bool, Verdict]]
    clicked: tuple[int, int, int]
    rate_errors: tuple[float, ...]
    actors: Mapping[str, Counter[Verdict]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measure over all seeds, with the bounds of 95 of 100 draws of as many seeds."""

    value: float
    low: float
    high: float


def tally(world: World, verdicts: Mapping[str, Verdict]) -> Tally:
    """Count one world.

    Args:
        world: with its truth.
        verdicts: by click id, one for each click.
    """
    clicks = {event.id: event for event in world.events if isinstance(event, Click)}
    counted: Counter[tuple[bool, Verdict]] = Counter()
    actors: dict[str, Counter[Verdict]] = defaultdict(Counter)
    true: dict[str, set[str]] = defaultdict(set)
    claimed: dict[str, set[str]] = defaultdict(set)
    for fact in world.facts:
        verdict = verdicts[fact.click_id]
        actors[fact.actor][verdict] += 1
        if is_counted(clicks[fact.click_id]):
            counted[fact.kind is Kind.HUMAN, verdict] += 1
            if fact.kind is Kind.HUMAN:
                true[fact.campaign].add(fact.message_id)
            if verdict is Verdict.HUMAN:
                claimed[fact.campaign].add(fact.message_id)
    return Tally(
        clicks=counted,
        clicked=(
            sum(map(len, true.values())),
            sum(map(len, claimed.values())),
            sum(len(true[campaign] & claimed[campaign]) for campaign in true),
        ),
        rate_errors=tuple(abs(len(claimed[name]) / len(true[name]) - 1) for name in sorted(true)),
        actors=actors,
    )


def _bot_precision(tallies: Sequence[Tally]) -> float:
    clicks = _clicks(tallies)
    found = sum(clicks[False, verdict] for verdict in _MACHINES)
    return _share(found, found + sum(clicks[True, verdict] for verdict in _MACHINES), empty=1)


def _bot_recall(tallies: Sequence[Tally]) -> float:
    clicks = _clicks(tallies)
    return _share(sum(clicks[False, verdict] for verdict in _MACHINES), sum(clicks[False, each] for each in Verdict))


def _human_precision(tallies: Sequence[Tally]) -> float:
    return _share(sum(each.clicked[2] for each in tallies), sum(each.clicked[1] for each in tallies), empty=1)


def _human_recall(tallies: Sequence[Tally]) -> float:
    return _share(sum(each.clicked[2] for each in tallies), sum(each.clicked[0] for each in tallies))


def _filter_f1(tallies: Sequence[Tally]) -> float:
    """Of all that reports leave out, suspected clicks among it: others know no doubt."""
    clicks = _clicks(tallies)
    left_out = [verdict for verdict in Verdict if verdict is not Verdict.HUMAN]
    found, lost = (sum(clicks[person, verdict] for verdict in left_out) for person in (False, True))
    return _harmonic(_share(found, found + lost), _share(found, found + clicks[False, Verdict.HUMAN]))


def _human_f1(tallies: Sequence[Tally]) -> float:
    return _harmonic(_human_precision(tallies), _human_recall(tallies))


def _inflation(tallies: Sequence[Tally]) -> float:
    return _share(sum(each.clicked[1] for each in tallies), sum(each.clicked[0] for each in tallies)) - 1


def _rate_error(tallies: Sequence[Tally]) -> float:
    errors = [error for each in tallies for error in each.rate_errors]
    return sum(errors) / len(errors)


def _rate_error_of_most(tallies: Sequence[Tally]) -> float:
    """What 19 of 20 campaigns do not exceed."""
    errors = sorted(error for each in tallies for error in each.rate_errors)
    return errors[ceil(0.95 * len(errors)) - 1]


def _suspected(tallies: Sequence[Tally]) -> float:
    clicks = _clicks(tallies)
    return _share(clicks[True, Verdict.SUSPECTED], sum(clicks[True, verdict] for verdict in Verdict))


MEASURES: Final = {
    "bot precision": _bot_precision,
    "bot recall": _bot_recall,
    "filter F1": _filter_f1,
    "human precision": _human_precision,
    "human recall": _human_recall,
    "human F1": _human_f1,
    "inflation": _inflation,
    "click-rate error": _rate_error,
    "error of 19 in 20": _rate_error_of_most,
    "people suspected": _suspected,
}
"""Bots by counted click, previews among them; humans by message; errors by campaign, their mean."""


def figures(tallies: Sequence[Tally]) -> Mapping[str, Figure]:
    """Every measure over the worlds of several seeds."""
    return {name: _figure(measure(tallies), _resampled(tallies, name)) for name, measure in MEASURES.items()}


def _resampled(tallies: Sequence[Tally], name: str) -> list[float]:
    """The bootstrap: what other seeds might have shown, from draws of these with replacement."""
    draw = Luck(0, name)
    return sorted(MEASURES[name](draw.choices(tallies, k=len(tallies))) for _ in range(_DRAWS))


def _figure(value: float, drawn: Sequence[float]) -> Figure:
    return Figure(value=value, low=drawn[len(drawn) // 40], high=drawn[-1 - len(drawn) // 40])


def _clicks(tallies: Iterable[Tally]) -> Counter[tuple[bool, Verdict]]:
    total: Counter[tuple[bool, Verdict]] = Counter()
    for each in tallies:
        total.update(each.clicks)
    return total


def _share(part: int, whole: int, *, empty: float = 0.0) -> float:
    return part / whole if whole else empty


def _harmonic(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
