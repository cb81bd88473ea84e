"""Configure logging.

No line above debug level contains a token, recipient, client address or destination. An error of clicktrail is logged
with its message, code and hint. The message of any other error may contain anything, so only its class and stack are
logged. The same holds for the finished text of a library: its template or its place in the code is logged.
"""

import logging
import sys
import threading
import traceback
from types import TracebackType

from clicktrail.errors import ClicktrailError, EventError
from clicktrail.server.replaced_module import replaced_module

with replaced_module("rich", None):  # formats tracebacks, which we do not print: 5 MB and 0.07 s in each process
    import structlog
    from structlog.typing import EventDict, WrappedLogger

get_logger = structlog.get_logger
"""For modules that a command imports without `configure_logging`."""

_WARNINGS_LOGGER = "py.warnings"
"""Logger of `logging.captureWarnings`: the text of the warning is an argument."""


def configure_logging(level: str = "info") -> None:
    """Log to standard error: one JSON object per line, or readable lines on a terminal.

    Warnings of libraries and of Python, and uncaught exceptions in every thread, are written in the same format.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _expand_error,
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    if threshold > logging.DEBUG:
        output.addFilter(_withhold_text)
    logging.basicConfig(handlers=[output], level=max(threshold, logging.WARNING), force=True)
    logging.captureWarnings(capture=True)
    logging.raiseExceptions = False  # an error in a log call would print the call's arguments
    sys.excepthook = _log_uncaught_exception
    threading.excepthook = _log_uncaught_exception_in_thread
    sys.unraisablehook = _log_unraisable_exception


def _log_uncaught_exception(_type: type[BaseException], error: BaseException, _traceback: TracebackType | None) -> None:
    structlog.get_logger().critical("crashed", exc_info=error)


def _log_uncaught_exception_in_thread(args: threading.ExceptHookArgs) -> None:
    structlog.get_logger().error("thread crashed", exc_info=args.exc_value)


def _log_unraisable_exception(args: "sys.UnraisableHookArgs") -> None:
    structlog.get_logger().error("exception ignored", exc_info=args.exc_value)


def _withhold_text(record: logging.LogRecord) -> bool:
    """Replace the text of a library's message by its template, or by the place where it was logged."""
    if record.name == _WARNINGS_LOGGER or not record.args:  # the text may be finished
        record.msg = f"message of {record.name}, at {record.module}:{record.lineno}"
    record.args = ()
    return True


def _expand_error(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace the exception in ``error`` or ``exc_info`` by fields that are safe to log."""
    error = event.pop("error", None) or event.pop("exc_info", None)
    if isinstance(error, tuple):  # sys.exc_info(), from logging
        error = error[1]
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, EventError):  # its message quotes the event
        event.update(error="not an event", code=error.code, hint=error.hint, retryable=error.retryable)
    elif isinstance(error, ClicktrailError):
        event.update(error=str(error), code=error.code, hint=error.hint, retryable=error.retryable)
    elif isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)
        stack = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        event.update(error=type(error).__qualname__, stack=stack)
    return event
