"""clicktrail report: clicks, clickers and click rates by campaign."""

from typing import Annotated

import typer

from clicktrail.cli import tables
from clicktrail.cli.options import Config, Json, load_settings
from clicktrail.cli.terminal import print_json
from clicktrail.errors import ClicktrailError
from clicktrail.report import ClickFilter


def report(
    campaign: Annotated[str | None, typer.Argument(help="One campaign. Default: all.")] = None,
    filters: Annotated[
        list[ClickFilter] | None,
        typer.Option("--filter", help="Also show the numbers that this filter alone would leave. Repeatable."),
    ] = None,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Show deliveries, clicks, clickers and click rates of all campaigns, or of one campaign by link."""
    from clicktrail.server.api import schemas
    from clicktrail.server.wiring.reports import open_reports

    settings = load_settings(config)
    with open_reports(settings) as reports:
        campaigns = reports.campaigns(campaign, filters or ())
    if campaign is not None and not campaigns:
        raise ClicktrailError(f"there is no campaign '{campaign}'", hint="clicktrail report lists all campaigns")
    if json_:
        print_json(schemas.Campaigns(campaigns=campaigns))
    elif campaign is None:
        tables.print_campaigns(campaigns, data=settings.data_path)
    else:
        tables.print_campaign(campaigns[0])
