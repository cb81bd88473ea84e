"""clicktrail quarantine: show events that could not be processed, and try them again."""

from typing import TYPE_CHECKING

import typer

from clicktrail.cli.options import Config, Json, load_settings
from clicktrail.cli.tables import create_table, create_terminal
from clicktrail.cli.terminal import print_json, print_line, print_message

if TYPE_CHECKING:
    from clicktrail.server.quarantine import QuarantinedEvent

app = typer.Typer(help="Show events that could not be processed, and try them again.")


@app.command(name="list")
def list_events(config: Config = None, json_: Json = False) -> None:
    """List the events in quarantine, the oldest first, with the reason."""
    from clicktrail.server.wiring.quarantine import open_quarantine

    events = open_quarantine(load_settings(config)).read()
    if json_:
        print_json({"events": [_describe_event(event) for event in events]})
    elif not events:
        print_line("The quarantine is empty.")
    else:
        table = create_table("since", "event", "reason")
        for event in events:
            table.add_row(f"{event.at:%Y-%m-%d %H:%M:%S}", event.id, event.reason)
        create_terminal().print(table)


@app.command()
def retry(config: Config = None) -> None:
    """Process the events in quarantine again, for example after an upgrade. Each is counted once."""
    from clicktrail.server.wiring.quarantine import retry_events

    count = retry_events(load_settings(config))
    print_message(f"events to be processed again: {count}; what fails returns to the quarantine")


def _describe_event(event: "QuarantinedEvent") -> dict[str, object]:
    return {"id": event.id, "at": event.at, "reason": event.reason, "line": event.line.decode("utf-8", "replace")}
