"""Many different things in a short time: links that were followed, people who were visited."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from clicktrail.model.event import Click

__all__ = ["Timed", "grouped", "link_of", "runs"]


class Timed(Protocol):
    """What happened at some time."""

    @property
    def at(self) -> datetime:
        """When, aware."""
        ...


T = TypeVar("T", bound=Timed)
Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)


def grouped(items: Iterable[Item], key: Callable[[Item], Key | None]) -> Mapping[Key, list[Item]]:
    """Items by what they have in common, in their order; without those of which the key says nothing: None."""
    groups: dict[Key, list[Item]] = {}
    for item in items:
        if (name := key(item)) is not None:
            groups.setdefault(name, []).append(item)
    return groups


def link_of(click: Click) -> int | str:
    """What tells one link of a message from another: its position, or where nobody told us that, its destination."""
    return click.link if click.link >= 0 else click.url


def runs(items: Sequence[T], *, key: Callable[[T], Hashable], different: int, seconds: float) -> Iterator[Sequence[T]]:
    """The runs in which each item stands in some window of ``seconds`` with at least so many ``different`` keys.

    Items come in the order of time. Windows that share an item make one run, which may so be longer than a window.
    """
    run = range(0)
    for window in _windows(items, key=key, different=different, seconds=seconds):
        if window.start < run.stop:
            run = range(run.start, window.stop)
            continue
        if run:
            yield items[run.start : run.stop]
        run = window
    if run:
        yield items[run.start : run.stop]


def _windows(items: Sequence[T], *, key: Callable[[T], Hashable], different: int, seconds: float) -> Iterator[range]:
    """The index ranges of the windows that hold enough keys, each as wide as it can be, by their last item.

    One pass: a message that thousands of people opened in a browser costs no more for each of its clicks.
    """
    width = timedelta(seconds=seconds)
    seen: Counter[Hashable] = Counter()
    first = 0
    for last, item in enumerate(items):
        seen[key(item)] += 1
        while item.at - items[first].at > width:
            gone = key(items[first])
            seen[gone] -= 1
            if not seen[gone]:
                del seen[gone]
            first += 1
        if len(seen) >= different:
            yield range(first, last + 1)
