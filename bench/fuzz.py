"""Check every parser with mutated real mail and with hostile input of 5 MB.

Mutated mail is checked for the invariants of tests/support/invariants.py; Hypothesis shrinks and prints an example that
breaks one, which then belongs in the tests. Hostile input repeats random pieces of tests/support/hostile_input.py. No
input may raise, take more than two seconds of processor time, or take the process over 500 MB. The shortest of three
times counts. Other processes on the same cores can double or triple the processor time of one, so a longer time is
divided by how much slower a loop runs right after it than on an idle core.
"""

import gc
import random
import resource
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, AnyStr, Final

import typer
from hypothesis import HealthCheck, Phase, given, settings

from tests.support.hostile_input import GRAMMARS, HostileGrammar, Parts, build_input
from tests.support.invariants import check_html, check_message, check_text
from tests.support.mutated_mail import encoded_messages, mutated_html, mutated_messages, mutated_texts
from tests.support.strategies import html_soups, mime_soups, text_soups

_EXAMPLES_PER_ROUND: Final = 500
_MAX_PIECES: Final = 4
_MAX_TIME_S: Final = 2.0
_MAX_RUNS: Final = 3
"""Runs of an input that takes too long."""
_ABORT_AFTER_S: Final = 20.0
"""A run that takes longer than this is not waited for."""
_LOOPS: Final = 10
_LOOP_ADDITIONS: Final = 1_000_000
_IDLE_LOOP_TIME_S: Final = 0.044
"""Fastest of 20 loops on the machine of docs/reference/performance.md, 2026-12-01."""
_MAX_MEMORY_KB: Final = 500_000
_RESET_PEAK_MEMORY: Final = "5"
"""What resets ``ru_maxrss`` of a process in its file ``clear_refs``: proc_pid_clear_refs(5), Linux."""

_FUZZ_SETTINGS: Final = settings(
    max_examples=_EXAMPLES_PER_ROUND,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


class _TooExpensiveError(Exception):
    pass


@contextmanager
def _limit_cost() -> Iterator[None]:
    """Raise an exception if the processor time or the memory of the process exceeds its limit."""
    Path("/proc/self/clear_refs").write_text(_RESET_PEAK_MEMORY, "ascii")
    signal.signal(signal.SIGPROF, _abort)
    signal.setitimer(signal.ITIMER_PROF, _ABORT_AFTER_S)
    start = time.process_time()
    try:
        yield
    finally:
        elapsed = time.process_time() - start
        signal.setitimer(signal.ITIMER_PROF, 0)
    if elapsed > _MAX_TIME_S and (idle_time := elapsed / _measure_slowdown()) > _MAX_TIME_S:
        raise _TooExpensiveError(f"{elapsed:.1f} s, on an idle core {idle_time:.1f} s")
    memory_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if memory_kb > _MAX_MEMORY_KB:
        raise _TooExpensiveError(f"{memory_kb / 1_000:.0f} MB")


def _measure_slowdown() -> float:
    """Time of a loop compared with its time on an idle core, at least 1."""
    start = time.process_time()
    for _ in range(_LOOPS):
        total = 0
        for number in range(_LOOP_ADDITIONS):
            total += number
    return max(1.0, (time.process_time() - start) / _LOOPS / _IDLE_LOOP_TIME_S)


def _abort(_signal: int, _frame: FrameType | None) -> None:
    raise _TooExpensiveError(f"more than {_ABORT_AFTER_S:.0f} s")


def _with_limit(check: Callable[[AnyStr], None]) -> Callable[[AnyStr], None]:
    def limited(content: AnyStr) -> None:
        with _limit_cost():
            check(content)

    return limited


_CHECKS: Final = {
    "HTML bodies": _FUZZ_SETTINGS(given(mutated_html() | html_soups())(_with_limit(check_html))),
    "text bodies": _FUZZ_SETTINGS(given(mutated_texts() | text_soups())(_with_limit(check_text))),
    "messages": _FUZZ_SETTINGS(
        given(mutated_messages() | encoded_messages() | mime_soups())(_with_limit(check_message))
    ),
}


def _draw_parts(grammar: HostileGrammar, rng: random.Random) -> Parts:
    """One to four pieces in any order, each once or several times."""
    pieces = [rng.choice(grammar.pieces) * rng.choice([1, 1, 1, 2, 50]) for _ in range(rng.randint(1, _MAX_PIECES))]
    return rng.choice(grammar.contexts), "".join(pieces), rng.choice(grammar.ends)


def _check_hostile_input(rng: random.Random) -> None:
    name, grammar = rng.choice(list(GRAMMARS.items()))
    parts = _draw_parts(grammar, rng)
    text = build_input(parts, size=grammar.max_bytes)
    try:
        _parse_repeatedly(grammar.parse, text)
    except Exception as error:
        raise AssertionError(f"{name}: {parts!r}: {type(error).__name__} {str(error)[:200]}") from error


def _parse_repeatedly(parse: Callable[[str], object], text: str) -> None:
    """Parse once, or up to three times while it is too expensive."""
    for run in range(1, _MAX_RUNS + 1):
        try:
            with _limit_cost():
                parse(text)
        except _TooExpensiveError:
            if run == _MAX_RUNS:
                raise
        else:
            return


def main(
    minutes: Annotated[float, typer.Option(min=0, help="Duration; the last round is completed.")] = 10,
    seed: Annotated[int, typer.Option(help="Seed of the hostile input; random by default.")] = 0,
) -> None:
    """Fuzz every parser. Exit with status 1 after the first mutated mail, or after all hostile input, that fails."""
    end = time.monotonic() + 60 * minutes
    rng = random.Random(seed or time.time_ns())
    example_counts = Counter[str]()
    failures = 0
    try:
        while not example_counts or time.monotonic() < end:
            for name, check in _CHECKS.items():
                check()
                example_counts[name] += _EXAMPLES_PER_ROUND
            gc.collect()
            gc.freeze()  # what Hypothesis keeps is not scanned while a parser creates objects
            round_end = time.monotonic() + 60 * min(minutes, 1)
            while time.monotonic() < round_end:
                example_counts["hostile inputs"] += 1
                try:
                    _check_hostile_input(rng)
                except AssertionError as error:
                    failures += 1
                    print(error, flush=True)
    finally:
        counts = ", ".join(f"{count:,} {name}" for name, count in example_counts.items())
        print(f"{counts}; hostile inputs that failed: {failures}", flush=True)
    raise typer.Exit(failures > 0)


if __name__ == "__main__":
    typer.run(main)
