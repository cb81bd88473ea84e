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
from typing import IO, Annotated, Self

import msgspec
import typer

from clicktrail.audit import judge_messages
from clicktrail.audit.judging import RecipientDomain, RecipientDomainCounter, is_reportable
from clicktrail.cli.event_files import Columns, Files, load_export_formats, read_event_file
from clicktrail.cli.options import Config, Json
from clicktrail.cli.partitions import Partitions, open_partitions
from clicktrail.cli.tables import (
    build_signal_table,
    choose_verdict_columns,
    create_table,
    create_terminal,
    format_click_counts,
    format_click_rates,
)
from clicktrail.errors import ClicktrailError
from clicktrail.judge import Judge
from clicktrail.judge.scoring import compute_state, describe_counterfactual
from clicktrail.judge.shipped import build_judge_with_networks, load_shipped_context
from clicktrail.model.event import Click, format_rfc3339
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.report import CampaignReport, SourceCounter, build_reports
from clicktrail.server import operator_networks, settings
from clicktrail.server.api import schemas

__all__ = ["AuditedCampaign", "CsvClickWriter", "JsonClickWriter", "audit", "print_audit"]

# FOLDED audited.py: What to tell of clicks that were audited: a row for each, the numbers of campaigns, and
# tables for a terminal.

_MAX_ORGANISATIONS = 20
"""Organisations in the table."""

_CSV_COLUMNS = ("id", "at", "campaign", "recipient", "url", "verdict", "score", "state", "counted", "reasons")


class JsonClickWriter:
    """Clicks as the document of ``--json`` has them, written as they come: there may be millions."""

    def __init__(self, output: IO[str], now: datetime) -> None:
        self._output = output
        self._now = now
        self._rules = load_shipped_context().rules
        self._separator = '{"clicks": [\n'

    def write(self, clicks: Iterable[JudgedClick]) -> None:
        """Add some clicks."""
        for judged in clicks:
            self._output.write(self._separator + msgspec.json.encode(self._build_row(judged)).decode())
            self._separator = ",\n"

    def end(self, campaigns: "Sequence[AuditedCampaign]") -> None:
        """Add the campaigns; nothing comes after them."""
        beginning = self._separator if self._separator.startswith("{") else "\n"
        self._output.write(
            f'{beginning}], "campaigns": {json.dumps(msgspec.to_builtins(campaigns), indent=2, ensure_ascii=False)}}}\n'
        )

    def _build_row(self, judged: JudgedClick) -> dict[str, object]:
        otherwise = describe_counterfactual(judged, self._rules)
        row: dict[str, object] = {
            "id": judged.click.id,
            "verdict": judged.verdict.value,
            "score": judged.score,
            "state": compute_state(self._now - judged.click.at).value,
            "reasons": [
                {"signal": reason.signal, "points": reason.points, "detail": reason.detail} for reason in judged.reasons
            ],
        }
        return row | ({"counterfactual": otherwise} if otherwise else {})


class CsvClickWriter:
    """Clicks as CSV with a header; reasons in words, joined by semicolons."""

    def __init__(self, output: IO[str], now: datetime) -> None:
        self._writer = csv.writer(output)
        self._writer.writerow(_CSV_COLUMNS)
        self._now = now

    def write(self, clicks: Iterable[JudgedClick]) -> None:
        """Add some clicks."""
        self._writer.writerows(self._build_row(judged) for judged in clicks)

    def _build_row(self, judged: JudgedClick) -> tuple[object, ...]:
        click = judged.click
        return (
            click.id,
            format_rfc3339(click.at),
            click.campaign,
            click.recipient,
            click.url,
            judged.verdict.value,
            judged.score,
            compute_state(self._now - click.at).value,
            "yes" if judged.counted else "no",
            "; ".join(f"{reason.signal}: {reason.detail}" for reason in judged.reasons),
        )


class AuditedCampaign(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign in the document of ``--json``."""

    campaign: str
    delivered: int
    clicks: schemas.ClickCounts
    unique: "_Clickers"
    click_rate: schemas.ClickRate

    @classmethod
    def from_report(cls, report: CampaignReport) -> Self:
        """Leave out what an audit does not know."""
        campaign = schemas.Campaign.from_report(report)
        return cls(
            campaign=campaign.campaign,
            delivered=campaign.delivered,
            clicks=campaign.clicks,
            unique=_Clickers(raw=campaign.unique.raw, human=campaign.unique.human),
            click_rate=campaign.click_rate,
        )


class _Clickers(msgspec.Struct, frozen=True, kw_only=True):
    raw: int
    human: int


def print_audit(
    reports: Sequence[CampaignReport], organisations: Sequence[RecipientDomain], gaps: Sequence[str]
) -> None:
    """Campaigns, reasons and organisations, and what the sources could not tell."""
    console = create_terminal()
    if not reports:
        console.print("No campaigns: the files tell of no message.")
    else:
        console.print(_build_campaign_table(reports, choose_verdict_columns(console)))
    if reasons := _count_signals(reports):
        unlike = sum(report.clicks.total - report.clicks.human for report in reports)
        told = build_signal_table(dict(reasons.most_common()), unlike)
        console.print(f"\nSignals among the reasons of the {unlike} clicks that are not human:", told)
    if organisations:
        console.print(
            "\nOrganisations with a scanner in front of their mail:", _build_organisation_table(organisations)
        )
        if len(organisations) > _MAX_ORGANISATIONS:
            console.print(f"and {len(organisations) - _MAX_ORGANISATIONS} more")
    for gap in gaps:
        console.print(f"Note: {gap}.")


def _build_campaign_table(reports: Sequence[CampaignReport], verdicts: Sequence[str]) -> object:
    campaigns = create_table(
        "campaign", "delivered", "clicks", *verdicts, "clickers", "people", "raw rate", "click rate"
    )
    for report in reports:
        row = schemas.Campaign.from_report(report)
        known = report.delivered > 0
        delivered = f"{report.delivered} ({_format_delivered_basis(report)})" if known else "unknown"
        shown = format_click_rates(row) if known else [*format_click_rates(row)[:2], "unknown", "unknown"]
        campaigns.add_row(report.campaign or "(none)", delivered, *format_click_counts(row, verdicts), *shown)
    return campaigns


def _format_delivered_basis(report: CampaignReport) -> str:
    return "delivered" if report.delivered_basis == "delivered" else "accepted - bounced"


def _count_signals(reports: Iterable[CampaignReport]) -> Counter[str]:
    found: Counter[str] = Counter()
    for report in reports:
        found.update({reason.signal: reason.clicks for reason in report.reasons})
    return found


def _build_organisation_table(organisations: Iterable[RecipientDomain]) -> object:
    found = create_table("organisation", "messages clicked", "scanned", "networks")
    for organisation in islice(organisations, _MAX_ORGANISATIONS):
        networks = ", ".join(name for name, _ in organisation.bot_networks.most_common(3))
        found.add_row(
            organisation.domain,
            str(organisation.clicked_message_count),
            str(organisation.scanned_message_count),
            networks,
        )
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
    known = load_export_formats(columns)
    sources = SourceCounter()
    with open_partitions() as sorted_, _open_csv(csv_) as table:
        for file in files:
            for event in read_event_file(file, known):
                sorted_.add(event)
                if isinstance(event, Click):
                    sources.add(event)
        at = now.replace(tzinfo=UTC) if now else sorted_.last_event_at
        document = JsonClickWriter(sys.stdout, at) if json_ else None
        rows = [made for made in (document, CsvClickWriter(table, at) if table else None) if made]
        organisations = RecipientDomainCounter()
        own = operator_networks.read(settings.load(config, settings.get_environment()).networks_path)
        judge = build_judge_with_networks(own.all_networks, today=at.date())
        reports = build_reports(
            _judge_messages(sorted_, judge, rows, organisations), sorted_.anonymous_clicks(), include_links=False
        )
    if document:
        document.end([AuditedCampaign.from_report(report) for report in reports])
    else:
        print_audit(reports, organisations.list_scanned_domains(), sources.list_gaps())


def _judge_messages(
    event_partitions: Partitions,
    judge: Judge,
    rows: Sequence[JsonClickWriter | CsvClickWriter],
    organisations: RecipientDomainCounter,
) -> Iterator[tuple[Timeline, Sequence[JudgedClick]]]:
    """Every message that reports count; all clicks become rows on the way."""
    for events, nearby in event_partitions:
        for timeline, clicks in judge_messages(events, judge, nearby):
            for row in rows:
                row.write(clicks)
            organisations.add(clicks)
            if is_reportable(timeline):
                yield timeline, clicks


def _open_csv(file: Path | None) -> AbstractContextManager[IO[str] | None]:
    try:
        return file.open("w", encoding="utf-8", newline="") if file else nullcontext()
    except OSError as error:
        raise ClicktrailError(f"cannot write {file}: {error.strerror}") from error
