"""clicktrail audit: judge the clicks in event logs and in ESPs' exports, without a server."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Annotated

import typer

from clicktrail.audit import judged_messages
from clicktrail.audit.judging import is_reported
from clicktrail.audit.organisations import Organisations
from clicktrail.cli.audited import JsonRows, TableRows, campaign_row, print_audit
from clicktrail.cli.options import Config, Json
from clicktrail.cli.partitions import Partitions, partitions
from clicktrail.cli.recorded import Columns, Files, known_exports, recorded_events
from clicktrail.errors import ClicktrailError
from clicktrail.judge import Judge
from clicktrail.model.event import Click
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.report import Sources, summarise
from clicktrail.server import own_networks, settings
from clicktrail.server.wiring.judging import judge_with

__all__ = ["audit"]


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
        own = own_networks.read(settings.load(config, settings.environment()).networks)
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
