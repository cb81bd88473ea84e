"""clicktrail audit: judge the clicks in event logs and ESP exports, without a server."""

import dataclasses
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from clicktrail.audit import judge_messages
from clicktrail.audit.campaign_links import CampaignLinks
from clicktrail.audit.plausibility import PlausibilityCheck, PlausibleJudge
from clicktrail.audit.summary import AuditCounter
from clicktrail.cli.audit_clicks import CsvClickWriter, JsonClickWriter
from clicktrail.cli.audit_page import build_page
from clicktrail.cli.audit_text import print_audit
from clicktrail.cli.event_files import Columns, Dates, EventFileReader, Files, Zone
from clicktrail.cli.files import check_output, open_output
from clicktrail.cli.options import Config, Json, load_settings
from clicktrail.cli.partitions import Partitions, open_partitions
from clicktrail.cli.progress import show_progress
from clicktrail.errors import ClicktrailError
from clicktrail.judge import Context, Judge
from clicktrail.judge.shipped import build_context_with_networks, load_shipped_context
from clicktrail.model.event import Click
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.server import operator_networks

_SAMPLED_MESSAGES = 10_000
"""Messages whose clicks are compared with their deliveries. They are drawn by a hash."""


def audit(
    *,
    files: Files,
    columns: Columns = "",
    dates: Dates = None,
    zone: Zone = "",
    html: Annotated[
        Path | None, typer.Option("--html", help="Page to write, with all results, to print or to send.", metavar="OUT")
    ] = None,
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
    for output in filter(None, (html, csv_)):
        check_output(output, files)
    if html and csv_ and html.resolve() == csv_.resolve():
        raise ClicktrailError("--csv and --html name the same file", hint="name another file")
    check, links = PlausibilityCheck(load_shipped_context().networks), CampaignLinks()
    with (
        open_partitions() as partitions,
        open_output(html) if html else nullcontext() as html_file,
        open_output(csv_) if csv_ else nullcontext() as csv_file,
    ):
        for event in show_progress(reader.read(files), "Reading events"):
            partitions.add(event)
            check.add(event)
            if isinstance(event, Click):
                links.add(event)
        check.conclude(
            reader.click_resolutions, reader.event_resolutions, islice(partitions.iterate_messages(), _SAMPLED_MESSAGES)
        )
        audit_time = now.replace(tzinfo=UTC) if now else partitions.last_event_at
        context = _build_context(config, partitions, links, audit_time)
        json_writer = JsonClickWriter(sys.stdout, audit_time) if json_ else None
        csv_writer = CsvClickWriter(csv_file, audit_time) if csv_file else None
        messages = _judge_partitions(
            partitions, PlausibleJudge(context, check), [writer for writer in (json_writer, csv_writer) if writer]
        )
        summary = AuditCounter(context).count(
            show_progress(messages, "Judging messages"),
            partitions.anonymous_clicks(),
            notes=[*reader.notes, *check.notes],
        )
        if html_file:
            html_file.write(build_page(summary, files, context.rules))
    if json_writer:
        json_writer.end(summary)
    else:
        print_audit(summary)


def _build_context(config: Path | None, partitions: Partitions, links: CampaignLinks, audit_time: datetime) -> Context:
    networks = operator_networks.read(load_settings(config).networks_path).all_networks
    return dataclasses.replace(
        build_context_with_networks(networks, today=audit_time.date()),
        address_activity=partitions.summarize_activity(),
        link_counts=links.count(),
    )


def _judge_partitions(
    partitions: Partitions, judge: Judge, writers: Sequence[JsonClickWriter | CsvClickWriter]
) -> Iterator[tuple[Timeline, Sequence[JudgedClick]]]:
    """Judge all messages, and write their clicks."""
    for events, nearby_clicks in partitions:
        for timeline, clicks in judge_messages(events, judge, nearby_clicks):
            for writer in writers:
                writer.write(timeline, clicks)
            yield timeline, clicks
