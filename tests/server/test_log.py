import json
import subprocess
import sys
from typing import Any

import pytest

BEGINNING = """
import logging, structlog
from clicktrail.errors import StorageError
from clicktrail.server.log import configure_logging
"""


def logged(program: str, *, status: int = 0) -> list[dict[str, Any]]:
    """What a program writes to standard error, a JSON object a line; to standard output it writes nothing."""
    done = subprocess.run([sys.executable, "-c", BEGINNING + program], capture_output=True, text=True, check=False)
    assert (status, "") == (done.returncode, done.stdout)
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_line_is_a_json_object() -> None:
    (line,) = logged("configure_logging(); structlog.get_logger(component='engine').info('ready', port=1)")

    assert line.pop("timestamp").endswith("Z")
    assert {"level": "info", "event": "ready", "component": "engine", "port": 1} == line


@pytest.mark.parametrize(
    ("level", "expected"),
    [("debug", ["debug", "info", "error"]), ("info", ["info", "error"]), ("error", ["error"])],
)
def test_what_is_worth_less_is_not_written(level: str, expected: list[str]) -> None:
    lines = logged(
        f"configure_logging({level!r}); log = structlog.get_logger(); log.debug('a'); log.info('b'); log.error('c')"
    )

    assert expected == [line["level"] for line in lines]


def test_an_error_of_ours_carries_code_and_hint() -> None:
    (line,) = logged(
        "configure_logging(); structlog.get_logger().error('no room', error=StorageError('full', hint='make room'))"
    )

    assert ("full", "storage", "make room", True) == tuple(
        line[name] for name in ("error", "code", "hint", "retryable")
    )


@pytest.mark.parametrize(
    "program",
    [
        "try:\n raise ValueError('anna')\nexcept ValueError as e: structlog.get_logger().error('', exc_info=e)",
        "try:\n raise ValueError('anna@example.net')\nexcept ValueError: logging.getLogger('library').exception('')",
    ],
)
def test_an_error_that_may_say_anything_is_named_and_not_quoted(program: str) -> None:
    (line,) = logged(f"configure_logging()\n{program}")

    assert ("ValueError", 1) == (line["error"], len(line["stack"]))
    assert "anna" not in json.dumps(line)


def test_the_error_that_ends_the_process_is_logged_like_any_other() -> None:
    (line,) = logged(
        "configure_logging(); raise ExceptionGroup('unhandled', [ZeroDivisionError('anna@example.net')])", status=1
    )

    assert ("crashed", "critical", "ZeroDivisionError") == (line["event"], line["level"], line["error"])
    assert "anna" not in json.dumps(line)


def test_libraries_are_heard_from_warnings_up() -> None:
    lines = logged(
        "configure_logging('debug'); log = logging.getLogger('mail.log'); log.info('FROM anna'); log.warning('odd')"
    )

    assert [("odd", "warning", "mail.log")] == [(line["event"], line["level"], line["logger"]) for line in lines]
