"""Configure logging.

No line above debug level contains a token, recipient, client address or destination. An error of clicktrail is logged
with its message, code and hint. The message of any other error may contain anything, so only its class and stack are
logged.
"""

import logging
import sys
import traceback
from types import TracebackType

import structlog
from structlog.typing import EventDict, WrappedLogger

from clicktrail.errors import ClicktrailError


def configure_logging(level: str = "info") -> None:
    """Log to standard error: one JSON object per line, or readable lines on a terminal.

    Warnings of libraries that use ``logging``, and uncaught exceptions, are written in the same format.
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
    logging.basicConfig(handlers=[output], level=max(threshold, logging.WARNING), force=True)
    sys.excepthook = _log_uncaught_exception


def _log_uncaught_exception(_type: type[BaseException], error: BaseException, _traceback: TracebackType | None) -> None:
    structlog.get_logger().critical("crashed", exc_info=error)


def _expand_error(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace the exception in ``error`` or ``exc_info`` by fields that are safe to log."""
    error = event.pop("error", None) or event.pop("exc_info", None)
    if isinstance(error, tuple):  # sys.exc_info(), from logging
        error = error[1]
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, ClicktrailError):
        event.update(error=str(error), code=error.code, hint=error.hint, retryable=error.retryable)
    elif isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)
        stack = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        event.update(error=type(error).__qualname__, stack=stack)
    return event
