"""clicktrail labels: hold verdicts against what is known of some clicks."""

import csv
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from clicktrail.cli.files import read_text
from clicktrail.cli.options import Config, Json
from clicktrail.cli.tables import VERDICTS, create_table, create_terminal
from clicktrail.errors import ClicktrailError
from clicktrail.model.verdict import Verdict
from clicktrail.report.accuracy import TRUTH_VERDICTS

__all__ = ["app"]

_CSV_HEADER = ["click_id", "truth"]

app = typer.Typer(no_args_is_help=True, help="Hold verdicts against what is known of some clicks.")


@app.callback()
def labels() -> None:
    """Hold verdicts against what is known of some clicks."""


@app.command(name="import")
def import_labels(
    file: Annotated[Path, typer.Argument(help="CSV: click id, and human, bot or preview.", metavar="FILE")],
    config: Config = None,
) -> None:
    """Keep what really made some clicks; of two labels of one click the later one stands."""
    from clicktrail.server import engine_client, settings

    truths = _read_truths(file)
    loaded = settings.load(config, settings.get_environment())
    console = engine_client.read_console_url(loaded.run_file_path)
    if not (console and engine_client.upload_labels(console, truths)):
        from clicktrail.server.wiring.offline import store_labels

        store_labels(loaded, truths)
    print(f"clicktrail: labels kept: {len(truths)}", file=sys.stderr)


@app.command()
def report(config: Config = None, json_: Json = False) -> None:
    """Show how often each verdict was right: precision and recall by labelled truth."""
    from clicktrail.server import engine_client, settings

    loaded = settings.load(config, settings.get_environment())
    console = engine_client.read_console_url(loaded.run_file_path)
    confusion = engine_client.fetch_confusion(console) if console else None
    if confusion is None:
        from clicktrail.server.wiring.offline import read_confusion

        confusion = read_confusion(loaded)
    if json_:
        print(json.dumps(confusion, indent=2))
    else:
        _print_confusion(confusion)


def _read_truths(file: Path) -> dict[str, Verdict]:
    truths: dict[str, Verdict] = {}
    for number, row in enumerate(csv.reader(read_text(file).splitlines()), start=1):
        if not row or (number == 1 and row == _CSV_HEADER):
            continue
        click_id, truth = (cell.strip() for cell in row) if len(row) == len(_CSV_HEADER) else ("", "")
        if not click_id or truth not in TRUTH_VERDICTS:
            raise ClicktrailError(f"{file}, line {number} is no label", hint="such as 01k3v9...,human")
        truths[click_id] = Verdict(truth)
    return truths


def _print_confusion(confusion: Mapping[str, Any]) -> None:
    rows = create_table("truth", *VERDICTS, "precision", "recall")
    for of in confusion["truths"]:
        shares = ("unknown" if of[name] is None else f"{of[name]:.1%}" for name in ("precision", "recall"))
        rows.add_row(of["truth"], *(str(of["verdicts"][verdict]) for verdict in VERDICTS), *shares)
    console = create_terminal()
    console.print(rows)
    if confusion["unmatched_labels"]:
        console.print(f"Labels of clicks that are not stored: {confusion['unmatched_labels']}.")
