"""The real log.

Above debug no token, recipient, client's address or destination stands in it. An error is written as what its class
tells: code, whether to try again, hint. What is no error of ours may say anything, so that of such a one only the
class is written, and the places in the code that it went through.
"""

import logging
import sys
import traceback
from types import TracebackType

import structlog
from structlog.typing import EventDict, WrappedLogger

from clicktrail.errors import ClicktrailError

__all__ = ["configure_logging"]


def configure_logging(level: str = "info") -> None:
    """Log to standard error: a JSON object a line, or lines for people where standard error is a terminal.

    What libraries log by ``logging``, warnings and worse, and the error that ends the process come the same way.

    Args:
        level: the lowest that is written: debug, info, warning or error.
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


def _log_uncaught_exception(_kind: type[BaseException], error: BaseException, _traceback: TracebackType | None) -> None:
    structlog.get_logger().critical("crashed", exc_info=error)


def _expand_error(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Write an error given as ``error`` or ``exc_info`` as its fields."""
    error = event.pop("error", None) or event.pop("exc_info", None)
    if isinstance(error, tuple):  # as logging has it
        error = error[1]
    while isinstance(error, BaseExceptionGroup):  # the first tells most
        error = error.exceptions[0]
    if isinstance(error, ClicktrailError):
        event.update(error=str(error), code=error.code, hint=error.hint, retryable=error.retryable)
    elif isinstance(error, BaseException):
        stack = [f"{at.filename}:{at.lineno} {at.name}" for at in traceback.extract_tb(error.__traceback__)]
        event.update(error=type(error).__qualname__, stack=stack)
    return event
