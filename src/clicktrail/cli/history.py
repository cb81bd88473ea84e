"""clicktrail history: which clicks got another verdict, when and why."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from clicktrail.cli.options import Config, Json
from clicktrail.cli.tables import create_table, create_terminal
from clicktrail.errors import ClicktrailError

__all__ = ["history"]


def history(
    campaign: Annotated[str, typer.Argument(help="The campaign whose clicks they are.")],
    click: Annotated[str | None, typer.Option(help="Only this click, by its id.", metavar="ID")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the latest.", metavar="N")] = 100,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Show which clicks of a campaign got another verdict, the latest first, and which signals spoke then."""
    from clicktrail.server import engine_client, settings

    loaded = settings.load(config, settings.get_environment())
    console = engine_client.read_console_url(loaded.run_file_path)
    found = engine_client.fetch_history(console, campaign, click=click, limit=limit) if console else None
    if found is None:
        # As with reports: where no engine runs we are free to open analytics ourselves.
        from clicktrail.server.wiring.offline import read_history

        found = read_history(loaded, campaign, click=click, limit=limit)
    if not found:
        raise ClicktrailError(f"there is no campaign '{campaign}'", hint="clicktrail report lists them all")
    if json_:
        print(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        _print_changes(found["changes"])


def _print_changes(changes: Sequence[Mapping[str, Any]]) -> None:
    from clicktrail.judge.shipped import load_shipped_context

    console = create_terminal()
    if not changes:
        console.print("No verdict has changed.")
        return
    rows = create_table("when", "click", "verdict", "score", "signal", "rules")
    for change in changes:
        moved = f"{change['from']} to {change['to']}"
        rows.add_row(
            change["at"], change["click"], moved, str(change["score"]), ", ".join(change["signals"]), change["rules"]
        )
    console.print(rows)
    words = {rule.name: rule.description for rule in load_shipped_context().rules.rules}
    spoken = dict.fromkeys(signal for change in changes for signal in change["signals"])
    console.print("\nWhat the signals say:")
    for signal in spoken:
        console.print(f"{signal}: {words.get(signal, 'a signal of other rules')}", highlight=False)
