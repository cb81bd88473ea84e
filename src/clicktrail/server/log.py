"""The real log."""

import sys

import structlog

__all__ = ["configure_logging"]


def configure_logging() -> None:
    """Log to standard error, a line of key=value pairs each. No token, address or destination is ever logged."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
