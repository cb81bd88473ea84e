"""clicktrail recount: count campaigns again."""

from typing import Annotated

import typer

from clicktrail.cli.options import Config, Json, load_settings
from clicktrail.cli.tables import create_table, create_terminal
from clicktrail.cli.terminal import print_json, print_line
from clicktrail.errors import ClicktrailError


def recount(
    campaign: Annotated[str | None, typer.Argument(help="One campaign. Default: all.")] = None,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Count all campaigns, or one, from their clicks again, and show which numbers were wrong."""
    from clicktrail.server.api import schemas
    from clicktrail.server.wiring.reports import open_reports

    with open_reports(load_settings(config)) as reports:
        campaigns = reports.recount(campaign)
    if campaign is not None and not campaigns:
        raise ClicktrailError(f"there is no campaign '{campaign}'", hint="clicktrail report lists all campaigns")
    if json_:
        print_json(schemas.RecountedCampaigns(campaigns=campaigns))
        return
    corrected = [recounted for recounted in campaigns if recounted.corrected]
    if corrected:
        table = create_table("campaign", "clicks", "people")
        for recounted in corrected:
            table.add_row(recounted.campaign or "(none)", str(recounted.clicks), str(recounted.unique))
        create_terminal().print(table)
    print_line(f"Campaigns counted: {len(campaigns)}; {len(corrected)} had other numbers before.")
