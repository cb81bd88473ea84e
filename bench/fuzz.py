"""Bend real mail out of shape, for minutes on end, and see whether what must hold of its rewriting still does.

The properties are those of tests/invariants.py. Hypothesis shrinks what breaks one, and prints it; it then belongs into
the tests.
"""

import time
from collections import Counter
from typing import Annotated, Final

import typer
from hypothesis import HealthCheck, Phase, given, settings

from tests.support.invariants import check_html, check_message, check_text
from tests.support.mutated_mail import bent_html, bent_messages, bent_texts, enclosed_bodies
from tests.support.strategies import html_soups, mime_soups, text_soups

_EXAMPLES: Final = 500
_fuzzing: Final = settings(
    max_examples=_EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
_CHECKS: Final = {
    "HTML bodies": _fuzzing(given(bent_html() | html_soups())(check_html)),
    "text bodies": _fuzzing(given(bent_texts() | text_soups())(check_text)),
    "messages": _fuzzing(given(bent_messages() | enclosed_bodies() | mime_soups())(check_message)),
}


def main(
    minutes: Annotated[float, typer.Option(min=0, help="How long to go on; a round is finished.")] = 10,
) -> None:
    """Fuzz the rewriting of bodies and messages."""
    end = time.monotonic() + 60 * minutes
    tried = Counter[str]()
    try:
        while not tried or time.monotonic() < end:
            for name, check in _CHECKS.items():
                check()
                tried[name] += _EXAMPLES
    finally:
        print("without a failure:", ", ".join(f"{count:,} {name}" for name, count in tried.items()), flush=True)


if __name__ == "__main__":
    typer.run(main)
