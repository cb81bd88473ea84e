"""Measures of accuracy: compare verdicts with the ground truth of simulations."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final, NamedTuple

from bench.population.draws import PerturbedRandom
from bench.population.plan import ClickerKind
from bench.population.world import Simulation
from clicktrail.model.event import Click
from clicktrail.model.verdict import Verdict, is_counted

_BOOTSTRAP_DRAWS: Final = 1_000
_BOT_VERDICTS: Final = frozenset({Verdict.BOT, Verdict.PREVIEW})


class MessageCounts(NamedTuple):
    """Number of messages clicked by a person, with a click judged human, and with both."""

    clicked: int
    judged_human: int
    both: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts of the verdicts on one simulation.

    Attributes:
        clicks: number of counted clicks by whether a person made them and verdict.
        messages: number of messages by truth and verdict.
        rate_errors: relative error of the click rate of each campaign.
        clickers: number of messages clicked by a person, and with a click judged human, by campaign.
        verdicts_by_actor: verdicts on all requests of each actor, including tampered links and HEAD requests.
    """

    clicks: Counter[tuple[bool, Verdict]]
    messages: MessageCounts
    rate_errors: tuple[float, ...]
    clickers: Mapping[str, tuple[int, int]]
    verdicts_by_actor: Mapping[str, Counter[Verdict]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A measure over all seeds with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


def tally_verdicts(simulation: Simulation, verdicts: Mapping[str, Verdict]) -> Tally:
    """Tally the verdicts on all clicks of a simulation, given by click id."""
    clicks = {event.id: event for event in simulation.events if isinstance(event, Click)}
    click_counts: Counter[tuple[bool, Verdict]] = Counter()
    verdicts_by_actor: dict[str, Counter[Verdict]] = defaultdict(Counter)
    clicked: dict[str, set[str]] = defaultdict(set)
    judged_human: dict[str, set[str]] = defaultdict(set)
    for truth in simulation.truths:
        verdict = verdicts[truth.click_id]
        verdicts_by_actor[truth.actor][verdict] += 1
        if is_counted(clicks[truth.click_id]):
            click_counts[truth.kind is ClickerKind.HUMAN, verdict] += 1
            if truth.kind is ClickerKind.HUMAN:
                clicked[truth.campaign].add(truth.message_id)
            if verdict is Verdict.HUMAN:
                judged_human[truth.campaign].add(truth.message_id)
    return Tally(
        clicks=click_counts,
        messages=MessageCounts(
            clicked=sum(map(len, clicked.values())),
            judged_human=sum(map(len, judged_human.values())),
            both=sum(len(clicked[campaign] & judged_human[campaign]) for campaign in clicked),
        ),
        rate_errors=tuple(abs(len(judged_human[name]) / len(clicked[name]) - 1) for name in sorted(clicked)),
        clickers={name: (len(clicked[name]), len(judged_human[name])) for name in sorted(clicked)},
        verdicts_by_actor=verdicts_by_actor,
    )


def _bot_precision(tallies: Sequence[Tally]) -> float:
    clicks = _sum_clicks(tallies)
    bots_found = sum(clicks[False, verdict] for verdict in _BOT_VERDICTS)
    return _divide(bots_found, bots_found + sum(clicks[True, verdict] for verdict in _BOT_VERDICTS), empty=1)


def _bot_recall(tallies: Sequence[Tally]) -> float:
    clicks = _sum_clicks(tallies)
    return _divide(
        sum(clicks[False, verdict] for verdict in _BOT_VERDICTS), sum(clicks[False, verdict] for verdict in Verdict)
    )


def _human_precision(tallies: Sequence[Tally]) -> float:
    messages = _sum_messages(tallies)
    return _divide(messages.both, messages.judged_human, empty=1)


def _human_recall(tallies: Sequence[Tally]) -> float:
    messages = _sum_messages(tallies)
    return _divide(messages.both, messages.clicked)


def _filter_f1(tallies: Sequence[Tally]) -> float:
    # Everything that reports leave out, including suspected clicks, which only our judge has.
    clicks = _sum_clicks(tallies)
    filtered_verdicts = [verdict for verdict in Verdict if verdict is not Verdict.HUMAN]
    bots, people = (sum(clicks[is_human, verdict] for verdict in filtered_verdicts) for is_human in (False, True))
    return _harmonic_mean(_divide(bots, bots + people), _divide(bots, bots + clicks[False, Verdict.HUMAN]))


def _human_f1(tallies: Sequence[Tally]) -> float:
    return _harmonic_mean(_human_precision(tallies), _human_recall(tallies))


def _click_rate_inflation(tallies: Sequence[Tally]) -> float:
    messages = _sum_messages(tallies)
    return _divide(messages.judged_human, messages.clicked) - 1


def _mean_rate_error(tallies: Sequence[Tally]) -> float:
    errors = [error for tally in tallies for error in tally.rate_errors]
    return sum(errors) / len(errors)


def _p95_rate_error(tallies: Sequence[Tally]) -> float:
    errors = sorted(error for tally in tallies for error in tally.rate_errors)
    return errors[ceil(0.95 * len(errors)) - 1]


def _worst_shape_error(tallies: Sequence[Tally]) -> float:
    # Of all seeds together: a campaign of one seed has few clickers.
    shapes = {name for tally in tallies for name in tally.clickers}
    counts = [[tally.clickers[name] for tally in tallies if name in tally.clickers] for name in shapes]
    return max(abs(sum(judged for _, judged in shape) / sum(clicked for clicked, _ in shape) - 1) for shape in counts)


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
    "worst shape": _worst_shape_error,
    "people suspected": _suspected_human_share,
}
"""Bot measures count clicks, with previews as bots; human measures count messages; errors are of campaigns."""


def estimate_measures(tallies: Sequence[Tally]) -> Mapping[str, Estimate]:
    """Estimate every measure from the tallies of several seeds."""
    return {name: _build_estimate(measure(tallies), _bootstrap(tallies, name)) for name, measure in MEASURES.items()}


def _bootstrap(tallies: Sequence[Tally], name: str) -> list[float]:
    # Samples of the seeds with replacement.
    rng = PerturbedRandom(0, name)
    return sorted(MEASURES[name](rng.choices(tallies, k=len(tallies))) for _ in range(_BOOTSTRAP_DRAWS))


def _build_estimate(value: float, samples: Sequence[float]) -> Estimate:
    return Estimate(value=value, low=samples[len(samples) // 40], high=samples[-1 - len(samples) // 40])


def _sum_clicks(tallies: Iterable[Tally]) -> Counter[tuple[bool, Verdict]]:
    total: Counter[tuple[bool, Verdict]] = Counter()
    for tally in tallies:
        total.update(tally.clicks)
    return total


def _sum_messages(tallies: Iterable[Tally]) -> MessageCounts:
    return MessageCounts(*map(sum, zip(*(tally.messages for tally in tallies), strict=True)))


def _divide(part: int, whole: int, *, empty: float = 0.0) -> float:
    return part / whole if whole else empty


def _harmonic_mean(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
