"""clicktrail segment: recipients with human clicks."""

import json
import re
import sys
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from clicktrail.cli.csv_output import SafeCsvWriter
from clicktrail.cli.options import Config, Json, load_settings
from clicktrail.cli.terminal import escape_control_characters_in_json, print_line
from clicktrail.errors import ClicktrailError
from clicktrail.model.supported_time import clamp_time

if TYPE_CHECKING:
    from clicktrail.server.api.schemas import Clicker

_DURATION = re.compile(r"(\d{1,5})([hdw])")
_HOURS_PER_UNIT = {"h": 1, "d": 24, "w": 7 * 24}


def segment(
    *,
    clicked_human: Annotated[
        str, typer.Option(help="Maximum age of the last human click: 90d, 12w or 24h.", metavar="DURATION")
    ],
    campaign: Annotated[str | None, typer.Option(help="Only clicks of this campaign. Default: all.")] = None,
    csv_: Annotated[
        bool, typer.Option("--csv", help="Print CSV: recipient, number of clicks, time of the last click.")
    ] = False,
    config: Config = None,
    json_: Json = False,
) -> None:
    """List recipients with a human click, sorted, as a segment for the next campaign."""
    from clicktrail.server.system import SystemClock
    from clicktrail.server.wiring.reports import open_reports

    since = clamp_time(SystemClock().now() - _parse_duration(clicked_human))
    writer = _CsvWriter() if csv_ else _JsonWriter() if json_ else _PlainWriter()
    with open_reports(load_settings(config)) as reports:
        after = ""
        while page := reports.segment_page(since=since, campaign=campaign, after=after):
            writer.write(page)
            after = page[-1].recipient
    writer.end()


def _parse_duration(text: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    if not match:
        raise ClicktrailError(f"'{text}' is not a duration", hint="such as 90d, 12w or 24h")
    return timedelta(hours=int(match[1]) * _HOURS_PER_UNIT[match[2]])


class _PlainWriter:
    def write(self, clickers: Iterable["Clicker"]) -> None:
        for clicker in clickers:
            print_line(clicker.recipient)

    def end(self) -> None:
        pass


class _CsvWriter(_PlainWriter):
    def __init__(self) -> None:
        self._writer = SafeCsvWriter(sys.stdout)
        self._writer.write_rows([("recipient", "clicks", "last_click_at")])

    def write(self, clickers: Iterable["Clicker"]) -> None:
        self._writer.write_rows((clicker.recipient, clicker.clicks, clicker.last_click_at) for clicker in clickers)


class _JsonWriter(_PlainWriter):
    """One JSON document, written page by page: there may be millions of recipients."""

    def __init__(self) -> None:
        self._separator = '{"recipients": ['

    def write(self, clickers: Iterable["Clicker"]) -> None:
        for clicker in clickers:
            row = json.dumps(msgspec.to_builtins(clicker), ensure_ascii=False)
            sys.stdout.write(f"{self._separator}\n{escape_control_characters_in_json(row)}")
            self._separator = ","

    def end(self) -> None:
        sys.stdout.write("]}\n" if self._separator == "," else f"{self._separator}]}}\n")
