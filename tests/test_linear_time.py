"""Doubling the input at most doubles the time of every parser, hostile input included.

The size at which time is measured grows until a run takes a few milliseconds, to 4 MB at most.
"""

import math
import time
from collections.abc import Callable, Iterator

import pytest

from tests.support.hostile_input import GRAMMARS, ONCE_SLOW, Parts, build_input

_MIN_SIZE = 8_192
_MAX_SIZE = 4_194_304
_MEASURABLE_S = 0.015
_MAX_RATIO = 3
"""Linear time doubles, quadratic time quadruples."""
_ATTEMPTS = 5
"""Other programs on the machine make single runs slower; of several, the fastest counts."""


def select_cases() -> Iterator[tuple[str, Parts]]:
    """Every piece of every grammar, in one context after the other, and what once took more than linear time."""
    for name, grammar in GRAMMARS.items():
        for index, piece in enumerate(grammar.pieces):
            context = grammar.contexts[index % len(grammar.contexts)]
            yield name, (context, piece, grammar.ends[index % len(grammar.ends)])
    for name, inputs in ONCE_SLOW.items():
        for parts in inputs:
            yield name, parts


@pytest.mark.timeout(60)
@pytest.mark.without_coverage
@pytest.mark.parametrize(("name", "parts"), list(dict.fromkeys(select_cases())), ids=repr)
def test_time_is_linear(name: str, parts: Parts) -> None:
    parse = GRAMMARS[name].parse
    size, elapsed = _MIN_SIZE, 0.0
    while elapsed < _MEASURABLE_S and size < _MAX_SIZE:
        size *= 2
        elapsed = measure(parse, parts, size)
    if elapsed >= _MEASURABLE_S:
        ratios = [measure_growth(parse, parts, size)]
        if ratios[0] > _MAX_RATIO:  # perhaps only because a cache has become too small
            ratios.append(measure_growth(parse, parts, 2 * size))
        assert min(ratios) <= _MAX_RATIO, size


def measure_growth(parse: Callable[[str], object], parts: Parts, size: int) -> float:
    """Time for an input, divided by the time for half of it."""
    half = full = math.inf
    ratio = math.inf
    for _ in range(_ATTEMPTS):
        half = min(half, measure(parse, parts, size // 2))
        full = min(full, measure(parse, parts, size))
        ratio = full / half
        if ratio <= _MAX_RATIO:
            break
    return ratio


def measure(parse: Callable[[str], object], parts: Parts, size: int) -> float:
    text = build_input(parts, size=size)
    start = time.process_time()
    parse(text)
    return time.process_time() - start
