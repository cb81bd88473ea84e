"""clicktrail rejudge: judge stored clicks again."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from clicktrail.cli.options import Config, Json, load_settings, parse_utc
from clicktrail.cli.tables import create_table, create_terminal
from clicktrail.cli.terminal import print_json, print_line
from clicktrail.errors import ClicktrailError

if TYPE_CHECKING:
    from clicktrail.server.api.schemas import RejudgedCampaign


def rejudge(
    *,
    campaign: Annotated[str | None, typer.Option(help="Only this campaign. Default: all.")] = None,
    since: Annotated[
        datetime | None, typer.Option(help="Only messages with a click at this time or later. UTC.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, without changing it.")] = False,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Judge stored clicks again with the current rules, networks and user agents, and show what changes."""
    from clicktrail.server.api import schemas
    from clicktrail.server.pipeline.rejudge import RejudgeRequest
    from clicktrail.server.wiring.reports import open_reports

    request = RejudgeRequest(campaign=campaign, since=parse_utc(since) if since else None, apply=not dry_run)
    with open_reports(load_settings(config)) as reports:
        campaigns = reports.rejudge(request)
    if campaign is not None and not campaigns:
        raise ClicktrailError(f"there is no campaign '{campaign}'", hint="clicktrail report lists all campaigns")
    if json_:
        print_json(schemas.RejudgeReport(applied=not dry_run, campaigns=campaigns))
    else:
        _print_changes(campaigns, dry_run=dry_run)


def _print_changes(campaigns: Sequence["RejudgedCampaign"], *, dry_run: bool) -> None:
    if any(campaign.changes for campaign in campaigns):
        table = create_table("campaign", "verdicts", "clicks", "people before", "now", "click rate before", "now")
        for campaign in campaigns:
            people, rate = campaign.unique.human, campaign.click_rate.human
            name = campaign.campaign or "(none)"
            numbers = [str(people.before), str(people.after), f"{rate.before:.1%}", f"{rate.after:.1%}"]
            for change in campaign.changes:
                table.add_row(name, f"{change.from_} to {change.to}", str(change.clicks), *numbers)
                name, numbers = "", []
        create_terminal().print(table)
    print_line(_format_summary(campaigns, dry_run=dry_run))


def _format_summary(campaigns: Sequence["RejudgedCampaign"], *, dry_run: bool) -> str:
    judged = sum(campaign.judged for campaign in campaigns)
    skipped = sum(campaign.skipped for campaign in campaigns)
    changed = sum(change.clicks for campaign in campaigns for change in campaign.changes)
    changes = f"{changed} would get another verdict" if dry_run else f"{changed} have another verdict now"
    note = f" {skipped} were skipped: their IP addresses are shortened." if skipped else ""
    return f"Clicks judged again: {judged}; {changes}.{note}"
