"""What signals are, and what they say."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from clicktrail.model.event import Click

__all__ = ["Findings", "Signal", "span", "told"]

Findings = Mapping[str, str]
"""Click id to words, such as "7 links in 0.6 s", for the clicks that the signal speaks of."""

Signal = Callable[..., Findings]
"""A function of a case and, by name, of its rule's thresholds."""


def told(runs_in_words: Iterable[tuple[Sequence[Click], str]]) -> Findings:
    """The same words for every click of a run."""
    return {click.id: words for run, words in runs_in_words for click in run}


def span(run: Sequence[Click]) -> float:
    """Seconds from a run's first click to its last."""
    return (run[-1].at - run[0].at).total_seconds()
