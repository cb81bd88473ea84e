"""clicktrail audit: judge the clicks in event logs and in ESPs' exports, without a server."""

import gzip
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import IO, Annotated

import msgspec
import typer

from clicktrail.audit import judged_messages, read_events
from clicktrail.audit.exports import Export, column_name, parse
from clicktrail.audit.judging import is_reported
from clicktrail.audit.organisations import Organisations
from clicktrail.cli.audited import JsonRows, TableRows, campaign_row, print_audit
from clicktrail.cli.options import Config, Json
from clicktrail.cli.partitions import Partitions, partitions
from clicktrail.errors import ClicktrailError, EventError
from clicktrail.model.event import AnyEvent, Click
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.report import Sources, summarise
from clicktrail.server import own_networks, settings
from clicktrail.server.pipeline.process import Judge
from clicktrail.server.wiring.judging import judge_with

__all__ = ["audit"]

_NAMED = 5
"""Unreadable lines of a file that are named; the rest is counted."""


def audit(
    *,
    files: Annotated[
        list[str],
        typer.Argument(help="Event log or CSV export; .gz is unpacked, - is standard input.", metavar="FILE..."),
    ],
    columns: Annotated[
        str, typer.Option(help="Columns of other tables, such as at=Time,recipient=Email,url=Link.", metavar="MAP")
    ] = "",
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
    known = _known_exports(columns)
    sources = Sources()
    with partitions() as sorted_, _created(csv_) as table:
        for file in files:
            for event in _events(file, known):
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


def _known_exports(columns: str) -> tuple[Export, ...]:
    """The kinds of tables that we know, and before them the one that the user describes."""
    known = parse((resources.files("clicktrail.audit") / "data" / "exports.toml").read_text("utf-8"))
    if not columns:
        return known
    other = known[-1]
    named = {
        field.strip(): column_name(name) for field, _, name in (pair.partition("=") for pair in columns.split(","))
    }
    for field, name in named.items():
        if field not in other.columns or not name:
            raise ClicktrailError(f"--columns has no field '{field}'", hint=f"fields are {', '.join(other.columns)}")
    described = msgspec.structs.replace(
        other, telltale=frozenset(named.values()), columns={field: (name,) for field, name in named.items()}
    )
    return described, *known


def _events(file: str, known: Sequence[Export]) -> Iterator[AnyEvent]:
    unreadable = 0

    def complain(number: int, error: EventError) -> None:
        nonlocal unreadable
        unreadable += 1
        if unreadable <= _NAMED:
            print(f"clicktrail: warning: {file}, line {number}: {error}", file=sys.stderr)

    try:
        with _opened(file) as lines:
            yield from read_events(lines, known, complain=complain)
    except (OSError, EOFError, zlib.error) as error:
        raise ClicktrailError(f"cannot read {file}: {getattr(error, 'strerror', None) or error}") from error
    except ClicktrailError as error:
        raise ClicktrailError(f"cannot read {file}: {error}", hint=error.hint) from error
    if unreadable:
        print(f"clicktrail: warning: {file}: lines that are no events: {unreadable}", file=sys.stderr)


def _opened(file: str) -> AbstractContextManager[Iterable[bytes]]:
    if file == "-":
        return sys.stdin.buffer
    return gzip.open(file) if file.endswith(".gz") else Path(file).open("rb")
