"""clicktrail audit: judge the clicks in event logs and ESP exports, without a server."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Self

import msgspec
import typer

from clicktrail.audit import judge_messages
from clicktrail.audit.judging import RecipientDomain, RecipientDomainCounter, is_reportable
from clicktrail.cli.csv_output import SafeCsvWriter
from clicktrail.cli.event_files import Columns, Files, load_export_formats, read_event_files
from clicktrail.cli.options import Config, Json, load_settings
from clicktrail.cli.partitions import Partitions, open_partitions
from clicktrail.cli.tables import (
    build_signal_table,
    choose_verdict_columns,
    create_table,
    create_terminal,
    format_click_counts,
    format_click_rates,
)
from clicktrail.cli.terminal import escape_control_characters_in_json
from clicktrail.disk_errors import describe_os_error
from clicktrail.errors import ClicktrailError
from clicktrail.judge import Judge
from clicktrail.judge.scoring import compute_verdict_state, describe_counterfactual
from clicktrail.judge.shipped import build_judge_with_networks, load_shipped_context
from clicktrail.model.event import Click, format_rfc3339
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.report import CampaignReport, SourceCounter, build_reports
from clicktrail.server import operator_networks
from clicktrail.server.api import schemas

if TYPE_CHECKING:
    from rich.table import Table

_MAX_ORGANISATIONS = 20
"""Rows in the table of organisations."""

_CSV_COLUMNS = ("id", "at", "campaign", "recipient", "url", "verdict", "score", "state", "counted", "reasons")


def audit(
    *,
    files: Files,
    columns: Columns = "",
    csv_: Annotated[
        Path | None, typer.Option("--csv", help="CSV file to write, one row for each click.", metavar="OUT")
    ] = None,
    now: Annotated[
        datetime | None,
        typer.Option(
            help="Time in UTC that decides which verdicts are settled or final. Default: the last event's time."
        ),
    ] = None,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Judge recorded clicks: which were human, why, and the human click rates."""
    formats = load_export_formats(columns)
    sources = SourceCounter()
    domains = RecipientDomainCounter()
    with open_partitions() as partitions, _open_csv(csv_) as csv_file:
        for event in read_event_files(files, formats):
            partitions.add(event)
            if isinstance(event, Click):
                sources.add(event)
        audit_time = now.replace(tzinfo=UTC) if now else partitions.last_event_at
        networks = operator_networks.read(load_settings(config).networks_path).all_networks
        judge = build_judge_with_networks(networks, today=audit_time.date())
        json_writer = JsonClickWriter(sys.stdout, audit_time) if json_ else None
        csv_writer = CsvClickWriter(csv_file, audit_time) if csv_file else None
        writers = [writer for writer in (json_writer, csv_writer) if writer]
        reports = build_reports(
            _judge_partitions(partitions, judge, writers, domains), partitions.anonymous_clicks(), include_links=False
        )
    if json_writer:
        json_writer.end([AuditedCampaign.from_report(report) for report in reports])
    else:
        print_audit(reports, domains.list_scanned_domains(), sources.list_gaps())


def _judge_partitions(
    partitions: Partitions,
    judge: Judge,
    writers: Sequence["JsonClickWriter | CsvClickWriter"],
    domains: RecipientDomainCounter,
) -> Iterator[tuple[Timeline, Sequence[JudgedClick]]]:
    """Judge all messages, write their clicks, and yield the messages that reports count."""
    for events, nearby_clicks in partitions:
        for timeline, clicks in judge_messages(events, judge, nearby_clicks):
            for writer in writers:
                writer.write(clicks)
            domains.add(clicks)
            if is_reportable(timeline):
                yield timeline, clicks


@contextmanager
def _open_csv(file: Path | None) -> Iterator[IO[str] | None]:
    if file is None:
        yield None
        return
    try:
        with file.open("w", encoding="utf-8", newline="") as output:
            yield output
    except OSError as error:
        raise ClicktrailError(f"cannot write {file}: {describe_os_error(error, file)}") from error


class JsonClickWriter:
    """Writes the document of ``--json`` as clicks are judged: millions of them do not fit into memory."""

    def __init__(self, output: IO[str], now: datetime) -> None:
        self._output = output
        self._now = now
        self._rules = load_shipped_context().rules
        self._separator = '{"clicks": [\n'

    def write(self, clicks: Iterable[JudgedClick]) -> None:
        """Add clicks."""
        for judged in clicks:
            row = msgspec.json.encode(self._build_row(judged)).decode()
            self._output.write(self._separator + escape_control_characters_in_json(row))
            self._separator = ",\n"

    def end(self, campaigns: Sequence["AuditedCampaign"]) -> None:
        """Add the campaigns and end the document."""
        beginning = self._separator if self._separator.startswith("{") else "\n"
        document = escape_control_characters_in_json(
            json.dumps(msgspec.to_builtins(campaigns), indent=2, ensure_ascii=False)
        )
        self._output.write(f'{beginning}], "campaigns": {document}}}\n')

    def _build_row(self, judged: JudgedClick) -> dict[str, object]:
        row: dict[str, object] = {
            "id": judged.click.id,
            "verdict": judged.verdict.value,
            "score": judged.score,
            "state": compute_verdict_state(self._now - judged.click.at).value,
            "reasons": [
                {"signal": reason.signal, "points": reason.points, "detail": reason.detail} for reason in judged.reasons
            ],
        }
        if counterfactual := describe_counterfactual(judged, self._rules):
            row["counterfactual"] = counterfactual
        return row


class CsvClickWriter:
    """Writes clicks as CSV with a header; reasons in words, joined by semicolons."""

    def __init__(self, output: IO[str], now: datetime) -> None:
        self._writer = SafeCsvWriter(output)
        self._writer.write_rows([_CSV_COLUMNS])
        self._now = now

    def write(self, clicks: Iterable[JudgedClick]) -> None:
        """Add clicks."""
        self._writer.write_rows(self._build_row(judged) for judged in clicks)

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
            compute_verdict_state(self._now - click.at).value,
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
        """Leave out the fields that an audit does not know."""
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
    """Print campaigns, signals, organisations with a mail scanner, and what the sources did not record."""
    console = create_terminal()
    if reports:
        console.print(_build_campaign_table(reports, choose_verdict_columns(console)))
    else:
        console.print("No campaigns: the files contain no message.")
    if clicks_by_signal := _count_signals(reports):
        nonhuman_count = sum(report.clicks.total - report.clicks.human for report in reports)
        console.print()
        console.print(f"Signals on clicks that are not human ({nonhuman_count}):")
        console.print(build_signal_table(dict(clicks_by_signal.most_common()), nonhuman_count))
    if organisations:
        console.print()
        console.print("Organisations with a mail scanner:", _build_organisation_table(organisations))
        if len(organisations) > _MAX_ORGANISATIONS:
            console.print(f"and {len(organisations) - _MAX_ORGANISATIONS} more")
    for gap in gaps:
        console.print(f"Note: {gap}.")


def _build_campaign_table(reports: Sequence[CampaignReport], verdicts: Sequence[str]) -> "Table":
    table = create_table("campaign", "delivered", "clicks", *verdicts, "clickers", "people", "raw rate", "click rate")
    for report in reports:
        row = schemas.Campaign.from_report(report)
        rates = format_click_rates(row)
        if report.delivered > 0:
            basis = "delivered" if report.delivered_basis == "delivered" else "accepted - bounced"
            delivered = f"{report.delivered} ({basis})"
        else:
            delivered, rates = "unknown", [*rates[:2], "unknown", "unknown"]
        table.add_row(report.campaign or "(none)", delivered, *format_click_counts(row, verdicts), *rates)
    return table


def _count_signals(reports: Iterable[CampaignReport]) -> Counter[str]:
    clicks_by_signal: Counter[str] = Counter()
    for report in reports:
        clicks_by_signal.update({reason.signal: reason.clicks for reason in report.reasons})
    return clicks_by_signal


def _build_organisation_table(organisations: Iterable[RecipientDomain]) -> "Table":
    table = create_table("organisation", "messages clicked", "scanned", "networks")
    for organisation in islice(organisations, _MAX_ORGANISATIONS):
        table.add_row(
            organisation.domain,
            str(organisation.clicked_message_count),
            str(organisation.scanned_message_count),
            ", ".join(name for name, _ in organisation.bot_networks.most_common(3)),
        )
    return table
