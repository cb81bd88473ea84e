"""Check the invariants of rewriting on mutated real mail.

The invariants are those of tests/support/invariants.py. Hypothesis shrinks and prints an example that breaks one, which
then belongs in the tests.
"""

import time
from collections import Counter
from typing import Annotated, Final

import typer
from hypothesis import HealthCheck, Phase, given, settings

from tests.support.invariants import check_html, check_message, check_text
from tests.support.mutated_mail import encoded_messages, mutated_html, mutated_messages, mutated_texts
from tests.support.strategies import html_soups, mime_soups, text_soups

_EXAMPLES_PER_ROUND: Final = 500
_FUZZ_SETTINGS: Final = settings(
    max_examples=_EXAMPLES_PER_ROUND,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
_CHECKS: Final = {
    "HTML bodies": _FUZZ_SETTINGS(given(mutated_html() | html_soups())(check_html)),
    "text bodies": _FUZZ_SETTINGS(given(mutated_texts() | text_soups())(check_text)),
    "messages": _FUZZ_SETTINGS(given(mutated_messages() | encoded_messages() | mime_soups())(check_message)),
}


def main(
    minutes: Annotated[float, typer.Option(min=0, help="Duration; the last round is completed.")] = 10,
) -> None:
    """Fuzz the rewriting of bodies and messages."""
    end = time.monotonic() + 60 * minutes
    example_counts = Counter[str]()
    try:
        while not example_counts or time.monotonic() < end:
            for name, check in _CHECKS.items():
                check()
                example_counts[name] += _EXAMPLES_PER_ROUND
    finally:
        print(
            "without a failure:", ", ".join(f"{count:,} {name}" for name, count in example_counts.items()), flush=True
        )


if __name__ == "__main__":
    typer.run(main)
