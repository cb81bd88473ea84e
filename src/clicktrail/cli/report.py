"""clicktrail report: who clicked, and who only seemed to."""

import json
from typing import Annotated

import typer

from clicktrail.cli import tables
from clicktrail.cli.options import Config, Json
from clicktrail.errors import ClicktrailError
from clicktrail.report import ClickFilter

__all__ = ["report"]


def report(
    campaign: Annotated[str | None, typer.Argument(help="One campaign; all of them otherwise.")] = None,
    filters: Annotated[
        list[ClickFilter] | None,
        typer.Option("--filter", help="Show beside what this rule alone would leave; several times for several."),
    ] = None,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Show delivered, clicks, clickers and click rates, by campaign or of one campaign by link."""
    from clicktrail.server import engine_client, settings

    loaded = settings.load(config, settings.get_environment())
    console = engine_client.read_console_url(loaded.run_file_path)
    reports = engine_client.fetch_reports(console, campaign, filters or ()) if console else None
    if reports is None:
        # Where no engine runs we are free to open analytics ourselves, and to process what the journal still holds.
        from clicktrail.server.wiring.offline import read_reports

        reports = read_reports(loaded, campaign, filters or ())
    if campaign is not None and not reports:
        raise ClicktrailError(f"there is no campaign '{campaign}'", hint="clicktrail report lists them all")
    if json_:
        print(json.dumps({"campaigns": reports}, indent=2, ensure_ascii=False))
    elif campaign is None:
        tables.print_campaigns(reports, data=loaded.data_path)
    else:
        tables.print_campaign(reports[0])
