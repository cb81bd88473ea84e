"""Doubling the input at most doubles the time of every parser, hostile input included.

The size at which time is measured grows until a run takes a few milliseconds, to 4 MB at most.
"""

import itertools
import time
from collections.abc import Callable

import pytest

from tests.support.hostile_input import GRAMMARS, Parts, build_input

_MIN_SIZE = 8_192
_MAX_SIZE = 4_194_304
_MEASURABLE_S = 0.03
_MAX_RATIO = 3
"""Linear time doubles, quadratic time quadruples."""
_ATTEMPTS = 6
"""Other programs on the machine make single runs slower; of several, the fastest counts."""

_CASES = [
    pytest.param(grammar.parse, parts, id=f"{name} {parts}")
    for name, grammar in GRAMMARS.items()
    for parts in itertools.product(grammar.contexts, grammar.pieces, grammar.ends)
]


@pytest.mark.without_coverage
@pytest.mark.parametrize(("parse", "parts"), _CASES)
def test_time_is_linear(parse: Callable[[str], object], parts: Parts) -> None:
    size, elapsed = _MIN_SIZE, 0.0
    while elapsed < _MEASURABLE_S and size < _MAX_SIZE:
        size *= 2
        elapsed = measure(parse, parts, size)
    if elapsed < _MEASURABLE_S:
        return
    half = measure(parse, parts, size // 2)
    for _ in range(_ATTEMPTS):
        if elapsed <= _MAX_RATIO * half:
            return
        half = min(half, measure(parse, parts, size // 2))
        elapsed = min(elapsed, measure(parse, parts, size))
    assert elapsed <= _MAX_RATIO * half, f"{size // 2:,}: {half:.3f} s; {size:,}: {elapsed:.3f} s"


def measure(parse: Callable[[str], object], parts: Parts, size: int) -> float:
    text = build_input(parts, size=size)
    start = time.process_time()
    parse(text)
    return time.process_time() - start
