"""clicktrail audit: judge the clicks in event logs and in ESPs' exports, without a server."""

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, Annotated, Any

import msgspec
import typer

from clicktrail.audit import judged_messages
from clicktrail.audit.judging import Organisation, Organisations, is_reported
from clicktrail.cli.event_files import Columns, Files, known_exports, recorded_events
from clicktrail.cli.options import Config, Json
from clicktrail.cli.partitions import Partitions, partitions
from clicktrail.cli.tables import counts, rates, shown_verdicts, signals, table, terminal
from clicktrail.errors import ClicktrailError
from clicktrail.judge import Judge
from clicktrail.judge.scoring import counterfactual, state_after
from clicktrail.judge.shipped import judge_with, shipped_context
from clicktrail.model.event import Click, rfc3339
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.report import CampaignReport, Sources, as_json, summarise
from clicktrail.server import operator_networks, settings

__all__ = ["JsonRows", "TableRows", "audit", "campaign_row", "print_audit"]

# FOLDED audited.py: What to tell of clicks that were audited: a row for each, the numbers of campaigns, and
# tables for a terminal.

_SHOWN = 20
"""Organisations in the table."""

_COLUMNS = ("id", "at", "campaign", "recipient", "url", "verdict", "score", "state", "counted", "reasons")


class JsonRows:
    """Clicks as the document of ``--json`` has them, written as they come: there may be millions."""

    def __init__(self, output: IO[str], now: datetime) -> None:
        self._output = output
        self._now = now
        self._rules = shipped_context().rules
        self._before = '{"clicks": [\n'

    def write(self, clicks: Iterable[JudgedClick]) -> None:
        """Add some clicks."""
        for judged in clicks:
            self._output.write(self._before + msgspec.json.encode(self._row(judged)).decode())
            self._before = ",\n"

    def end(self, campaigns: Sequence[object]) -> None:
        """Add the campaigns; nothing comes after them."""
        beginning = self._before if self._before.startswith("{") else "\n"
        self._output.write(f'{beginning}], "campaigns": {json.dumps(campaigns, indent=2, ensure_ascii=False)}}}\n')

    def _row(self, judged: JudgedClick) -> dict[str, object]:
        otherwise = counterfactual(judged, self._rules)
        row: dict[str, object] = {
            "id": judged.click.id,
            "verdict": judged.verdict.value,
            "score": judged.score,
            "state": state_after(self._now - judged.click.at).value,
            "reasons": [
                {"signal": reason.signal, "points": reason.points, "detail": reason.detail} for reason in judged.reasons
            ],
        }
        return row | ({"counterfactual": otherwise} if otherwise else {})


class TableRows:
    """Clicks as CSV with a header; reasons in words, joined by semicolons."""

    def __init__(self, output: IO[str], now: datetime) -> None:
        self._table = csv.writer(output)
        self._table.writerow(_COLUMNS)
        self._now = now

    def write(self, clicks: Iterable[JudgedClick]) -> None:
        """Add some clicks."""
        self._table.writerows(self._row(judged) for judged in clicks)

    def _row(self, judged: JudgedClick) -> tuple[object, ...]:
        click = judged.click
        return (
            click.id,
            rfc3339(click.at),
            click.campaign,
            click.recipient,
            click.url,
            judged.verdict.value,
            judged.score,
            state_after(self._now - click.at).value,
            "yes" if judged.counted else "no",
            "; ".join(f"{reason.signal}: {reason.detail}" for reason in judged.reasons),
        )


def campaign_row(report: CampaignReport) -> dict[str, object]:
    """A campaign as ``--json`` has it."""
    described: dict[str, Any] = as_json(report)
    unique = {name: described["unique"][name] for name in ("raw", "human")}
    return {name: described[name] for name in ("campaign", "delivered", "clicks")} | {
        "unique": unique,
        "click_rate": described["click_rate"],
    }


def print_audit(reports: Sequence[CampaignReport], organisations: Sequence[Organisation], gaps: Sequence[str]) -> None:
    """Campaigns, reasons and organisations, and what the sources could not tell."""
    console = terminal()
    if not reports:
        console.print("No campaigns: the files tell of no message.")
    else:
        console.print(_campaigns(reports, shown_verdicts(console)))
    if reasons := _reasons(reports):
        unlike = sum(report.clicks.total - report.clicks.human for report in reports)
        told = signals(dict(reasons.most_common()), unlike)
        console.print(f"\nSignals among the reasons of the {unlike} clicks that are not human:", told)
    if organisations:
        console.print("\nOrganisations with a scanner in front of their mail:", _organisations(organisations))
        if len(organisations) > _SHOWN:
            console.print(f"and {len(organisations) - _SHOWN} more")
    for gap in gaps:
        console.print(f"Note: {gap}.")


def _campaigns(reports: Sequence[CampaignReport], verdicts: Sequence[str]) -> object:
    campaigns = table("campaign", "delivered", "clicks", *verdicts, "clickers", "people", "raw rate", "click rate")
    for report in reports:
        row = as_json(report)
        known = report.delivered > 0
        delivered = f"{report.delivered} ({_basis(report)})" if known else "unknown"
        shown = rates(row) if known else [*rates(row)[:2], "unknown", "unknown"]
        campaigns.add_row(report.campaign or "(none)", delivered, *counts(row, verdicts), *shown)
    return campaigns


def _basis(report: CampaignReport) -> str:
    return "delivered" if report.delivered_basis == "delivered" else "accepted - bounced"


def _reasons(reports: Iterable[CampaignReport]) -> Counter[str]:
    found: Counter[str] = Counter()
    for report in reports:
        found.update({reason.signal: reason.clicks for reason in report.reasons})
    return found


def _organisations(organisations: Iterable[Organisation]) -> object:
    found = table("organisation", "messages clicked", "scanned", "networks")
    for organisation in islice(organisations, _SHOWN):
        networks = ", ".join(name for name, _ in organisation.networks.most_common(3))
        found.add_row(organisation.domain, str(organisation.clicked), str(organisation.scanned), networks)
    return found


def audit(
    *,
    files: Files,
    columns: Columns = "",
    csv_: Annotated[
        Path | None, typer.Option("--csv", help="Write a line for each click to this file.", metavar="OUT")
    ] = None,
    now: Annotated[
        datetime | None, typer.Option(help="Time by which verdicts are settled or final; else the last event's. UTC.")
    ] = None,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Say which recorded clicks were people's, why, and what the click rates are without the rest."""
    known = known_exports(columns)
    sources = Sources()
    with partitions() as sorted_, _created(csv_) as table:
        for file in files:
            for event in recorded_events(file, known):
                sorted_.add(event)
                if isinstance(event, Click):
                    sources.see(event)
        at = now.replace(tzinfo=UTC) if now else sorted_.latest
        document = JsonRows(sys.stdout, at) if json_ else None
        rows = [made for made in (document, TableRows(table, at) if table else None) if made]
        organisations = Organisations()
        own = operator_networks.read(settings.load(config, settings.environment()).networks)
        judge = judge_with(own.listed, today=at.date())
        reports = summarise(_judged(sorted_, judge, rows, organisations), sorted_.anonymous(), by_link=False)
    if document:
        document.end([campaign_row(report) for report in reports])
    else:
        print_audit(reports, organisations.scanned(), sources.gaps())


def _judged(
    sorted_: Partitions, judge: Judge, rows: Sequence[JsonRows | TableRows], organisations: Organisations
) -> Iterator[tuple[Timeline, Sequence[JudgedClick]]]:
    """Every message that reports count; all clicks become rows on the way."""
    for events, nearby in sorted_:
        for timeline, clicks in judged_messages(events, judge, nearby):
            for row in rows:
                row.write(clicks)
            organisations.add(clicks)
            if is_reported(timeline):
                yield timeline, clicks


def _created(file: Path | None) -> AbstractContextManager[IO[str] | None]:
    try:
        return file.open("w", encoding="utf-8", newline="") if file else nullcontext()
    except OSError as error:
        raise ClicktrailError(f"cannot write {file}: {error.strerror}") from error
