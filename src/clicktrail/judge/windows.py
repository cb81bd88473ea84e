"""Clicks on many links in a short time."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from clicktrail.model.event import Click

__all__ = ["link_of", "runs"]


def link_of(click: Click) -> int | str:
    """What tells one link of a message from another: its position, or where nobody told us that, its destination."""
    return click.link if click.link >= 0 else click.url


def runs(clicks: Sequence[Click], *, links: int, seconds: float) -> Iterator[Sequence[Click]]:
    """The runs of clicks in which each stands in some window of ``seconds`` with at least ``links`` different links.

    Clicks come in the order of time. Windows that share a click make one run, which may so be longer than a window.
    """
    run = range(0)
    for window in _windows(clicks, links=links, seconds=seconds):
        if window.start < run.stop:
            run = range(run.start, window.stop)
            continue
        if run:
            yield clicks[run.start : run.stop]
        run = window
    if run:
        yield clicks[run.start : run.stop]


def _windows(clicks: Sequence[Click], *, links: int, seconds: float) -> Iterator[range]:
    """The index ranges of the windows that hold enough links, each as wide as it can be, by their last click.

    One pass: a message that thousands of people opened in a browser costs no more for each of its clicks.
    """
    width = timedelta(seconds=seconds)
    seen: Counter[int | str] = Counter()
    first = 0
    for last, click in enumerate(clicks):
        seen[link_of(click)] += 1
        while click.at - clicks[first].at > width:
            gone = link_of(clicks[first])
            seen[gone] -= 1
            if not seen[gone]:
                del seen[gone]
            first += 1
        if len(seen) >= links:
            yield range(first, last + 1)
