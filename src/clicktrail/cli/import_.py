"""clicktrail import: import recorded clicks."""

from clicktrail.cli.event_files import Columns, Dates, EventFileReader, Files, Zone
from clicktrail.cli.options import Config, load_settings
from clicktrail.cli.terminal import print_message, print_warning


def import_(
    *, files: Files, columns: Columns = "", dates: Dates = None, zone: Zone = "", config: Config = None
) -> None:
    """Import event logs and ESP exports into reports and console.

    Their clicks are judged as live clicks are. An event that was imported before is not counted again.
    """
    from clicktrail.server.wiring.importing import import_events

    reader = EventFileReader.from_options(columns, dates, zone)
    count = import_events(load_settings(config), reader.read(files))
    for note in reader.notes:
        print_warning(note)
    print_message(f"events imported: {count}; clicktrail report shows them")
