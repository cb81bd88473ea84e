"""Read event logs with the shipped export formats."""

from collections.abc import Iterable
from importlib.resources import files

from clicktrail.audit import read_events
from clicktrail.audit.export_formats import parse_export_formats
from clicktrail.errors import EventError
from clicktrail.model.event import AnyEvent

EXPORT_FORMATS = parse_export_formats(
    files("clicktrail.audit").joinpath("data", "exports.toml").read_text(encoding="utf-8")
)


def read_lines(lines: Iterable[bytes]) -> tuple[list[AnyEvent], list[int]]:
    """Return the events of these lines and the numbers of unreadable lines."""
    unreadable: list[int] = []

    def record_unreadable(number: int, _error: EventError) -> None:
        unreadable.append(number)

    return list(read_events(lines, EXPORT_FORMATS, on_unreadable=record_unreadable)), unreadable


def read_text_lines(*lines: str) -> tuple[list[AnyEvent], list[int]]:
    """Like `read_lines`, for text."""
    return read_lines(f"{line}\n".encode() for line in lines)
