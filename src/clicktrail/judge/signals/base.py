"""What signals are, and what they say."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from clicktrail.model.event import Click

__all__ = ["Signal", "SignalMatches", "expand_runs", "run_duration_s"]

SignalMatches = Mapping[str, str]
"""Click id to words, such as "7 links in 0.6 s", for the clicks that the signal speaks of."""

Signal = Callable[..., SignalMatches]
"""A function of a case and, by name, of its rule's thresholds."""


def expand_runs(runs_with_detail: Iterable[tuple[Sequence[Click], str]]) -> SignalMatches:
    """The same words for every click of a run."""
    return {click.id: words for run, words in runs_with_detail for click in run}


def run_duration_s(run: Sequence[Click]) -> float:
    """Seconds from a run's first click to its last."""
    return (run[-1].at - run[0].at).total_seconds()
