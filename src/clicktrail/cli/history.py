"""clicktrail history: changes of verdicts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from clicktrail.cli.options import Config, Json, load_settings
from clicktrail.cli.tables import create_table, create_terminal
from clicktrail.cli.terminal import print_json, print_line
from clicktrail.errors import ClicktrailError

if TYPE_CHECKING:
    from clicktrail.server.api.schemas import HistoryEntry


def history(
    campaign: Annotated[str, typer.Argument(help="The campaign of the clicks.")],
    click: Annotated[str | None, typer.Option(help="Only the click with this id.", metavar="ID")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of changes.", metavar="N")] = 100,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Show changes of verdicts on a campaign's clicks, the latest first, and the signals that caused them."""
    from clicktrail.server.wiring.reports import open_reports

    with open_reports(load_settings(config)) as reports:
        verdict_history = reports.history(campaign, click_id=click, limit=limit)
    if verdict_history is None:
        raise ClicktrailError(f"there is no campaign '{campaign}'", hint="clicktrail report lists all campaigns")
    if json_:
        print_json(verdict_history)
    else:
        _print_changes(verdict_history.changes)


def _print_changes(changes: Sequence["HistoryEntry"]) -> None:
    from clicktrail.judge.shipped import load_shipped_context

    if not changes:
        print_line("No verdict has changed.")
        return
    table = create_table("when", "click", "verdict", "score", "signal", "rules")
    for change in changes:
        verdicts = f"{change.from_} to {change.to}"
        table.add_row(change.at, change.click_id, verdicts, str(change.score), ", ".join(change.signals), change.rules)
    create_terminal().print(table)
    descriptions = {rule.name: rule.description for rule in load_shipped_context().rules.rules}
    print_line()
    print_line("Signals:")
    for signal in dict.fromkeys(signal for change in changes for signal in change.signals):
        print_line(f"{signal}: {descriptions.get(signal, 'a signal of other rules')}")
