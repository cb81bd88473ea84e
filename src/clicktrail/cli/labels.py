"""clicktrail labels: measure the judge's accuracy against clicks with a known truth."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from clicktrail.cli.files import read_text
from clicktrail.cli.options import Config, Json, load_settings
from clicktrail.cli.tables import VERDICTS, create_table, create_terminal
from clicktrail.cli.terminal import print_json, print_line, print_message
from clicktrail.errors import ClicktrailError
from clicktrail.model.verdict import Verdict
from clicktrail.report.accuracy import TRUTH_VERDICTS

if TYPE_CHECKING:
    from clicktrail.server.api.schemas import LabelReport

_CSV_HEADER = ["click_id", "truth"]

app = typer.Typer(no_args_is_help=True, help="Measure the judge's accuracy against clicks whose truth you know.")


@app.callback()
def labels() -> None:
    """Measure the judge's accuracy against clicks whose truth you know."""


@app.command(name="import")
def import_labels(
    file: Annotated[Path, typer.Argument(help="CSV: click id, and human, bot or preview.", metavar="FILE")],
    config: Config = None,
) -> None:
    """Store ground-truth labels of clicks; a later label of a click replaces the earlier one."""
    from clicktrail.server.wiring.reports import open_reports

    truths = _read_truths(file)
    with open_reports(load_settings(config)) as reports:
        reports.store_labels(truths)
    print_message(f"labels stored: {len(truths)}")


@app.command()
def report(config: Config = None, json_: Json = False) -> None:
    """Show verdicts by truth, with precision and recall."""
    from clicktrail.server.wiring.reports import open_reports

    with open_reports(load_settings(config)) as reports:
        label_report = reports.confusion_matrix()
    if json_:
        print_json(label_report)
    else:
        _print_label_report(label_report)


def _read_truths(file: Path) -> dict[str, Verdict]:
    truths: dict[str, Verdict] = {}
    try:
        rows = list(csv.reader(read_text(file).splitlines()))
    except csv.Error as error:
        raise ClicktrailError(f"{file} is not a table: {error}") from error
    for line_number, row in enumerate(rows, start=1):
        if not row or (line_number == 1 and row == _CSV_HEADER):
            continue
        click_id, truth = (cell.strip() for cell in row) if len(row) == len(_CSV_HEADER) else ("", "")
        if not click_id or truth not in TRUTH_VERDICTS:
            raise ClicktrailError(f"{file}, line {line_number} is not a label", hint="such as 01k3v9...,human")
        truths[click_id] = Verdict(truth)
    return truths


def _print_label_report(label_report: "LabelReport") -> None:
    table = create_table("truth", *VERDICTS, "precision", "recall")
    for row in label_report.truths:
        clicks = [str(count) for count in msgspec.structs.astuple(row.verdicts)]
        rates = ["unknown" if rate is None else f"{rate:.1%}" for rate in (row.precision, row.recall)]
        table.add_row(row.truth, *clicks, *rates)
    create_terminal().print(table)
    if label_report.unmatched_labels:
        print_line(f"Labels of clicks that are not stored: {label_report.unmatched_labels}.")
