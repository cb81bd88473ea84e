"""clicktrail segment: list people who really clicked."""

import csv
import json
import re
import sys
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Annotated, Any

import typer

from clicktrail.cli.options import Config, Json
from clicktrail.errors import ClicktrailError

__all__ = ["segment"]

_DURATION = re.compile(r"(\d{1,5})([hdw])")
_HOURS_PER_UNIT = {"h": 1, "d": 24, "w": 7 * 24}
_CSV_COLUMNS = ("recipient", "clicks", "last_click_at")

_Rows = Iterable[Mapping[str, Any]]


def segment(
    *,
    clicked_human: Annotated[
        str, typer.Option(help="How far back a human click may be: 90d, 12w or 24h.", metavar="SPAN")
    ],
    campaign: Annotated[str | None, typer.Option(help="Only clicks of this campaign; of any otherwise.")] = None,
    csv_: Annotated[bool, typer.Option("--csv", help="Print CSV with the number of clicks and the last one.")] = False,
    config: Config = None,
    json_: Json = False,
) -> None:
    """List people with a human click, by name: for those who write only to who reads."""
    from clicktrail.server import engine_client, settings
    from clicktrail.server.system import SystemClock

    since = SystemClock().now() - _parse_duration(clicked_human)
    loaded = settings.load(config, settings.get_environment())
    output = _CsvWriter() if csv_ else _JsonWriter() if json_ else _PlainWriter()
    console = engine_client.read_console_url(loaded.run_file_path)
    page = engine_client.fetch_segment_page(console, since=since, campaign=campaign) if console else None
    if console and page is not None:
        while page:
            output.write(page)
            page = engine_client.fetch_segment_page(
                console, since=since, campaign=campaign, after=page[-1]["recipient"]
            )
    else:
        # As with reports: where no engine runs we are free to open analytics ourselves.
        from clicktrail.server.wiring.offline import read_segment

        read_segment(loaded, since=since, campaign=campaign, on_page=output.write)
    output.end()


def _parse_duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    if not found:
        raise ClicktrailError(f"'{text}' is no span of time", hint="such as 90d, 12w or 24h")
    return timedelta(hours=int(found[1]) * _HOURS_PER_UNIT[found[2]])


class _PlainWriter:
    """A name a line."""

    def write(self, rows: _Rows) -> None:
        for row in rows:
            print(row["recipient"])

    def end(self) -> None:
        """Nothing comes after the last."""


class _CsvWriter(_PlainWriter):
    """A table with a header."""

    def __init__(self) -> None:
        self._writer = csv.writer(sys.stdout)
        self._writer.writerow(_CSV_COLUMNS)

    def write(self, rows: _Rows) -> None:
        self._writer.writerows([row[name] for name in _CSV_COLUMNS] for row in rows)


class _JsonWriter(_PlainWriter):
    """One JSON document, written as it comes: there may be millions."""

    def __init__(self) -> None:
        self._separator = '{"recipients": ['

    def write(self, rows: _Rows) -> None:
        for row in rows:
            sys.stdout.write(f"{self._separator}\n{json.dumps(row, ensure_ascii=False)}")
            self._separator = ","

    def end(self) -> None:
        print("]}" if self._separator == "," else f"{self._separator}]}}")
