"""clicktrail import: import recorded clicks."""

from clicktrail.cli.event_files import Columns, Files, load_export_formats, read_event_files
from clicktrail.cli.options import Config, load_settings
from clicktrail.cli.terminal import print_message


def import_(*, files: Files, columns: Columns = "", config: Config = None) -> None:
    """Import event logs and ESP exports into reports and console.

    Their clicks are judged as live clicks are. An event that was imported before is not counted again.
    """
    from clicktrail.server.wiring.importing import import_events

    events = read_event_files(files, load_export_formats(columns))
    count = import_events(load_settings(config), events)
    print_message(f"events imported: {count}; clicktrail report shows them")
