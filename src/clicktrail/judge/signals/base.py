"""Types and helpers of the signal functions."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from clicktrail.model.event import Click

__all__ = ["Signal", "SignalMatches", "expand_runs", "run_duration_s"]

SignalMatches = Mapping[str, str]
"""By click ID, a detail such as "7 links in 0.6 s", for the clicks that the signal matches."""

Signal = Callable[..., SignalMatches]
"""Called with the `MessageEvidence`, and with the rule's thresholds as keyword arguments."""


def expand_runs(runs_with_detail: Iterable[tuple[Sequence[Click], str]]) -> SignalMatches:
    """Give each click of a run the run's detail."""
    return {click.id: detail for run, detail in runs_with_detail for click in run}


def run_duration_s(run: Sequence[Click]) -> float:
    """Seconds from a run's first click to its last."""
    return (run[-1].at - run[0].at).total_seconds()
