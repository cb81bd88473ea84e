"""clicktrail audit: judge the clicks in event logs and ESP exports, without a server."""

import dataclasses
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Self

import msgspec
import typer

from clicktrail.audit import judge_messages
from clicktrail.audit.campaign_links import CampaignLinks
from clicktrail.audit.judging import RecipientDomain, RecipientDomainCounter, is_reportable
from clicktrail.audit.plausibility import CampaignFacts, PlausibilityCheck, PlausibleJudge
from clicktrail.cli.csv_output import SafeCsvWriter
from clicktrail.cli.event_files import Columns, Dates, EventFileReader, Files, Zone
from clicktrail.cli.files import check_output, open_output
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
from clicktrail.judge import Judge
from clicktrail.judge.scoring import compute_verdict_state, describe_counterfactual
from clicktrail.judge.shipped import build_context_with_networks, load_shipped_context
from clicktrail.model.event import Click, format_rfc3339
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.report import CampaignReport, PeopleCounter, build_reports
from clicktrail.server import operator_networks
from clicktrail.server.api import schemas

if TYPE_CHECKING:
    from rich.table import Table

_MAX_ORGANISATIONS = 20
"""Rows in the table of organisations."""

_MAX_NAMES = 5
"""Campaigns that a note names."""
_SAMPLED_MESSAGES = 10_000
"""Messages whose clicks are compared with their deliveries. They are drawn by a hash."""
_MIN_JOINED_SHARE = 0.5
"""Share of clicked messages with a delivery, below which deliveries must be missing."""
_NO_CAMPAIGN = "(none)"
_UNKNOWN = "unknown"

_CSV_COLUMNS = ("id", "at", "campaign", "recipient", "url", "verdict", "score", "state", "counted", "reasons")


def audit(
    *,
    files: Files,
    columns: Columns = "",
    dates: Dates = None,
    zone: Zone = "",
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
    reader = EventFileReader.from_options(columns, dates, zone)
    if csv_:
        check_output(csv_, files)
    check, links = PlausibilityCheck(load_shipped_context().networks), CampaignLinks()
    audit_ = _Audit()
    with open_partitions() as partitions, open_output(csv_) if csv_ else nullcontext() as csv_file:
        for event in reader.read(files):
            partitions.add(event)
            check.add(event)
            if isinstance(event, Click):
                links.add(event)
        check.conclude(
            reader.click_resolutions, reader.event_resolutions, islice(partitions.iterate_messages(), _SAMPLED_MESSAGES)
        )
        audit_time = now.replace(tzinfo=UTC) if now else partitions.last_event_at
        networks = operator_networks.read(load_settings(config).networks_path).all_networks
        context = dataclasses.replace(
            build_context_with_networks(networks, today=audit_time.date()),
            address_activity=partitions.summarize_activity(),
            link_counts=links.count(),
        )
        json_writer = JsonClickWriter(sys.stdout, audit_time) if json_ else None
        csv_writer = CsvClickWriter(csv_file, audit_time) if csv_file else None
        audit_.writers += [writer for writer in (json_writer, csv_writer) if writer]
        messages = audit_.judge_partitions(partitions, PlausibleJudge(context, check))
        reports = build_reports(messages, partitions.anonymous_clicks(), include_links=False)
    campaigns = [AuditedCampaign.from_report(report, audit_.facts, audit_.people) for report in reports]
    notes = [*reader.notes, *check.notes, *describe_campaigns(campaigns, audit_.facts)]
    if json_writer:
        json_writer.end(campaigns, notes)
    else:
        print_audit(reports, audit_.domains.list_scanned_domains(), notes, campaigns)


class _Audit:
    """What is collected while messages are judged."""

    def __init__(self) -> None:
        self.writers: list[JsonClickWriter | CsvClickWriter] = []
        self.domains = RecipientDomainCounter()
        self.facts = CampaignFacts()
        self.people = PeopleCounter()

    def judge_partitions(
        self, partitions: Partitions, judge: Judge
    ) -> Iterator[tuple[Timeline, Sequence[JudgedClick]]]:
        """Judge all messages, write their clicks, and yield the messages that reports count."""
        for events, nearby_clicks in partitions:
            for timeline, clicks in judge_messages(events, judge, nearby_clicks):
                for writer in self.writers:
                    writer.write(clicks)
                self.domains.add(clicks)
                self.facts.add(timeline, clicks)
                self.people.add(timeline, clicks)
                if is_reportable(timeline):
                    yield timeline, clicks


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

    def end(self, campaigns: Sequence["AuditedCampaign"], notes: Sequence[str] = ()) -> None:
        """Add notes and campaigns, and end the document."""
        beginning = self._separator if self._separator.startswith("{") else "\n"
        document = escape_control_characters_in_json(
            json.dumps(msgspec.to_builtins(campaigns), indent=2, ensure_ascii=False)
        )
        notes_document = escape_control_characters_in_json(json.dumps(list(notes), ensure_ascii=False))
        self._output.write(f'{beginning}], "notes": {notes_document}, "campaigns": {document}}}\n')

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
    click_rate: "_ClickRate"

    @classmethod
    def from_report(
        cls, report: CampaignReport, facts: CampaignFacts | None = None, people: PeopleCounter | None = None
    ) -> Self:
        """Leave out the fields that an audit does not know."""
        campaign = schemas.Campaign.from_report(report)
        at_most = people.count(report.campaign).at_most if people else campaign.unique.human
        has_people = facts is None or not report.clicks.total or report.campaign in facts.with_evidence
        has_rate = campaign.delivered > 0 and campaign.unique.raw <= campaign.delivered
        return cls(
            campaign=campaign.campaign,
            delivered=campaign.delivered,
            clicks=campaign.clicks,
            unique=_Clickers(
                raw=campaign.unique.raw,
                human=campaign.unique.human if has_people else None,
                human_at_most=at_most if has_people else None,
            ),
            click_rate=_ClickRate(
                raw=campaign.click_rate.raw if has_rate else None,
                human=campaign.click_rate.human if has_rate and has_people else None,
            ),
        )


class _Clickers(msgspec.Struct, frozen=True, kw_only=True):
    raw: int
    human: int | None
    human_at_most: int | None


class _ClickRate(msgspec.Struct, frozen=True, kw_only=True):
    raw: float | None
    human: float | None


def describe_campaigns(campaigns: Sequence[AuditedCampaign], facts: CampaignFacts) -> Iterator[str]:
    """What cannot be said of some campaigns, and why."""
    without_people = [row.campaign for row in campaigns if row.unique.human is None]
    if without_people:
        yield (
            f"clicks of {_list_names(without_people)} have neither addresses nor agents, so the number of people is"
            " unknown"
        )
    undelivered = [row.campaign for row in campaigns if not row.delivered and row.unique.raw]
    if undelivered:
        yield f"no deliveries of {_list_names(undelivered)} are known, so click rates are unknown"
    for row in campaigns:
        clicked, joined = facts.clicked[row.campaign], facts.clicked_and_delivered[row.campaign]
        name = row.campaign or _NO_CAMPAIGN
        if 0 < row.delivered < row.unique.raw:
            yield (
                f"{row.unique.raw} recipients of {name} have clicks, but the number of known deliveries is"
                f" {row.delivered}, so its click rates are unknown"
            )
        elif row.delivered and joined < _MIN_JOINED_SHARE * clicked:
            yield (
                f"{joined} of {clicked} clicked messages of {name} have a delivery: deliveries are missing, so its"
                " click rates are too high"
            )


def _list_names(names: Sequence[str]) -> str:
    shown = [name or _NO_CAMPAIGN for name in names[:_MAX_NAMES]]
    return ", ".join(shown) + (f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else "")


def print_audit(
    reports: Sequence[CampaignReport],
    organisations: Sequence[RecipientDomain],
    notes: Sequence[str],
    campaigns: Sequence[AuditedCampaign] | None = None,
) -> None:
    """Print campaigns, signals, organisations with a mail scanner, and notes.

    campaigns: what is known of each report's campaign; by default everything.
    """
    console = create_terminal()
    known = campaigns if campaigns is not None else [AuditedCampaign.from_report(report) for report in reports]
    if reports:
        console.print(_build_campaign_table(reports, known, choose_verdict_columns(console)))
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
    for note in notes:
        console.print(f"Note: {note}.")


def _build_campaign_table(
    reports: Sequence[CampaignReport], campaigns: Sequence[AuditedCampaign], verdicts: Sequence[str]
) -> "Table":
    table = create_table("campaign", "delivered", "clicks", *verdicts, "clickers", "people", "raw rate", "click rate")
    for report, known in zip(reports, campaigns, strict=True):
        row = schemas.Campaign.from_report(report)
        rates = format_click_rates(row)
        if report.delivered > 0:
            basis = "delivered" if report.delivered_basis == "delivered" else "accepted - bounced"
            delivered = f"{report.delivered} ({basis})"
        else:
            delivered = _UNKNOWN
        known_values = (known.unique.raw, known.unique.human, known.click_rate.raw, known.click_rate.human)
        rates = [text if value is not None else _UNKNOWN for text, value in zip(rates, known_values, strict=True)]
        table.add_row(report.campaign or _NO_CAMPAIGN, delivered, *format_click_counts(row, verdicts), *rates)
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
