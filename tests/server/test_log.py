import json
import subprocess
import sys
from typing import Any

import pytest

IMPORTS = """
import logging, structlog
from clicktrail.errors import StorageError
from clicktrail.server.log import configure_logging
"""


def run_and_read_log(program: str, *, status: int = 0) -> list[dict[str, Any]]:
    """Run a program, and decode the lines of its standard error. Its standard output must be empty."""
    done = subprocess.run([sys.executable, "-c", IMPORTS + program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (status, "")
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_line_is_a_json_object() -> None:
    (line,) = run_and_read_log("configure_logging(); structlog.get_logger(component='engine').info('ready', port=1)")

    assert line.pop("timestamp").endswith("Z")
    assert line == {"level": "info", "event": "ready", "component": "engine", "port": 1}


@pytest.mark.parametrize(
    ("level", "expected"),
    [("debug", ["debug", "info", "error"]), ("info", ["info", "error"]), ("error", ["error"])],
)
def test_lower_levels_are_not_written(level: str, expected: list[str]) -> None:
    lines = run_and_read_log(
        f"configure_logging({level!r}); log = structlog.get_logger(); log.debug('a'); log.info('b'); log.error('c')"
    )

    assert [line["level"] for line in lines] == expected


def test_clicktrail_error_has_code_and_hint() -> None:
    (line,) = run_and_read_log(
        "configure_logging(); structlog.get_logger().error('no room', error=StorageError('full', hint='make room'))"
    )

    assert tuple(line[name] for name in ("error", "code", "hint", "retryable")) == (
        "full",
        "storage",
        "make room",
        True,
    )


@pytest.mark.parametrize(
    "program",
    [
        "try:\n raise ValueError('anna')\nexcept ValueError as e: structlog.get_logger().error('', exc_info=e)",
        "try:\n raise ValueError('anna@example.net')\nexcept ValueError: logging.getLogger('library').exception('')",
    ],
)
def test_message_of_other_errors_is_not_logged(program: str) -> None:
    (line,) = run_and_read_log(f"configure_logging()\n{program}")

    assert (line["error"], len(line["stack"])) == ("ValueError", 1)
    assert "anna" not in json.dumps(line)


@pytest.mark.parametrize(
    "program",
    [
        "import warnings; warnings.warn('anna@example.net')",
        "logging.getLogger('library').error(f'no route to {\"anna@example.net\"}')",
        "logging.getLogger('library').error('no route to %s', 'anna@example.net')",
        "logging.getLogger('library').error('too few arguments: %s %s', 'anna@example.net')",
        """
import threading
def fail(): raise ValueError('anna@example.net')
thread = threading.Thread(target=fail); thread.start(); thread.join()""",
        """
class Faulty:
    def __del__(self): raise ValueError('anna@example.net')
Faulty()""",
        """
import asyncio
async def fail(): raise ValueError('anna@example.net')
async def main(): asyncio.create_task(fail()); await asyncio.sleep(0)
asyncio.run(main())""",
        """
from clicktrail.model.event import decode_event, EventError
try: decode_event(b'{"type":"anna@example.net"}')
except EventError as e: structlog.get_logger().error('unreadable', error=e)""",
        """
import sqlalchemy as sa
try: sa.create_engine('sqlite://').connect().execute(sa.text('SELECT :a FROM x'), {'a': 'anna@example.net'})
except Exception: logging.getLogger('library').exception('failed for %s', 'anna@example.net')""",
    ],
)
def test_data_in_messages_of_libraries_is_not_logged(program: str) -> None:
    lines = run_and_read_log(f"configure_logging()\n{program}")
    assert lines
    assert "anna" not in json.dumps(lines)


def test_library_message_names_its_place_or_template() -> None:
    (finished,) = run_and_read_log("configure_logging(); logging.getLogger('library').error('odd')")
    (template,) = run_and_read_log("configure_logging(); logging.getLogger('library').error('odd: %s', 1)")
    assert (finished["event"], template["event"]) == ("message of library, at <string>:5", "odd: %s")


def test_uncaught_exception_is_logged() -> None:
    (line,) = run_and_read_log(
        "configure_logging(); raise ExceptionGroup('unhandled', [ZeroDivisionError('anna@example.net')])", status=1
    )

    assert (line["event"], line["level"], line["error"]) == ("crashed", "critical", "ZeroDivisionError")
    assert "anna" not in json.dumps(line)


def test_library_warnings_are_logged() -> None:
    lines = run_and_read_log(
        "configure_logging('debug'); log = logging.getLogger('mail.log'); log.info('FROM anna'); log.warning('odd')"
    )

    assert [(line["event"], line["level"], line["logger"]) for line in lines] == [("odd", "warning", "mail.log")]
