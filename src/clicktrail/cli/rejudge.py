"""clicktrail rejudge: judge again what was judged before, and say what changes."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from clicktrail.cli.options import Config, Json
from clicktrail.cli.tables import create_table, create_terminal
from clicktrail.errors import ClicktrailError

__all__ = ["rejudge"]


def rejudge(
    *,
    campaign: Annotated[str | None, typer.Option(help="Only this campaign; all of them otherwise.")] = None,
    since: Annotated[
        datetime | None, typer.Option(help="Only messages with a click at this time or later. UTC.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Judge recorded clicks again by the rules, networks and agents of now, and say what that changes."""
    from clicktrail.server import engine_client, settings
    from clicktrail.server.pipeline.rejudge import RejudgeRequest

    loaded = settings.load(config, settings.get_environment())
    wanted = RejudgeRequest(campaign=campaign, since=since.replace(tzinfo=UTC) if since else None, apply=not dry_run)
    console = engine_client.read_console_url(loaded.run_file_path)
    campaigns = engine_client.request_rejudge(console, wanted) if console else None
    if campaigns is None:
        # As with reports: where no engine runs we are free to open analytics ourselves.
        from clicktrail.server.wiring.offline import rejudge_campaigns

        campaigns = rejudge_campaigns(loaded, wanted)
    if campaign is not None and not campaigns:
        raise ClicktrailError(f"there is no campaign '{campaign}'", hint="clicktrail report lists them all")
    if json_:
        print(json.dumps({"applied": not dry_run, "campaigns": campaigns}, indent=2, ensure_ascii=False))
    else:
        _print_changes(campaigns, dry_run=dry_run)


def _print_changes(campaigns: Sequence[Mapping[str, Any]], *, dry_run: bool) -> None:
    changed = [campaign for campaign in campaigns if campaign["changes"]]
    rows = create_table("campaign", "verdicts", "clicks", "people before", "now", "click rate before", "now")
    for campaign in changed:
        people, rate = campaign["unique"]["human"], campaign["click_rate"]["human"]
        numbers = (str(people["before"]), str(people["after"]), f"{rate['before']:.1%}", f"{rate['after']:.1%}")
        for place, move in enumerate(campaign["changes"]):
            name = campaign["campaign"] or "(none)"
            moved = (f"{move['from']} to {move['to']}", str(move["clicks"]))
            rows.add_row(*((name, *moved, *numbers) if place == 0 else ("", *moved)))
    console = create_terminal()
    if changed:
        console.print(rows)
    console.print(_format_summary(campaigns, dry_run=dry_run))


def _format_summary(campaigns: Sequence[Mapping[str, Any]], *, dry_run: bool) -> str:
    judged, stood = (sum(campaign[name] for campaign in campaigns) for name in ("judged", "skipped"))
    moved = sum(move["clicks"] for campaign in campaigns for move in campaign["changes"])
    would = f"{moved} would get another verdict" if dry_run else f"{moved} have another verdict now"
    old = f" {stood} stand as they were: their addresses were shortened." if stood else ""
    return f"Clicks judged again: {judged}; {would}.{old}"
