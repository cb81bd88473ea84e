"""clicktrail import: put recorded clicks into the console's history."""

import sys
from collections.abc import Iterator, Sequence

from clicktrail.cli.event_files import Columns, Files, load_export_formats, read_event_file
from clicktrail.cli.options import Config
from clicktrail.model.event import AnyEvent
from clicktrail.server import settings

__all__ = ["import_"]


def import_(*, files: Files, columns: Columns = "", config: Config = None) -> None:
    """Put event logs and ESPs' exports into reports and console, judged as live clicks are; each event counts once."""
    from clicktrail.server.wiring.importing import import_events

    loaded = settings.load(config, settings.get_environment())
    count = import_events(loaded, _read_events(files, columns))
    print(f"clicktrail: events imported: {count}; clicktrail report shows them", file=sys.stderr)


def _read_events(files: Sequence[str], columns: str) -> Iterator[AnyEvent]:
    known = load_export_formats(columns)
    for file in files:
        yield from read_event_file(file, known)
