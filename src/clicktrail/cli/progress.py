"""Progress of a long command, on standard error, and only on a terminal."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

_Item = TypeVar("_Item")
_UPDATE_EVERY = 1_000
"""Items between two updates: each takes a lock."""


def show_progress(items: Iterable[_Item], description: str) -> Iterator[_Item]:
    """Yield the items, and show how many there were. The line disappears at the end."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.description}: {task.completed:,.0f}"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(description, total=None)
        for number, item in enumerate(items):
            if number % _UPDATE_EVERY == 0:
                progress.update(task, completed=number)
            yield item
