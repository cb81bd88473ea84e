"""The command line: parser, exit statuses and error messages.

Results go to standard output, everything else to standard error after ``clicktrail:``. An error is one line, its hint
another, and the exit status is 1; for wrong usage it is 2.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from clicktrail.cli.command_table import CommandTableGroup
from clicktrail.cli.conversion import convert_without_pydantic
from clicktrail.cli.terminal import print_error, print_line
from clicktrail.disk_errors import describe_os_error
from clicktrail.errors import ClicktrailError

__all__ = ["app", "main"]

convert_without_pydantic()

app = typer.Typer(
    cls=CommandTableGroup,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help must not load Rich
)


def _print_version(*, requested: bool) -> None:
    if requested:
        from importlib.metadata import version

        print_line(version("clicktrail"))
        raise typer.Exit


@app.callback()
def clicktrail(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", "-V", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Email click tracking you host yourself."""


def main() -> None:
    """Run the command line and exit with its status. Only its user can read the files that it creates."""
    os.umask(0o077)
    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # here, where an error can be reported
    except OSError as error:
        _report_os_error(error)
    except ClicktrailError as error:
        print_error(str(error), hint=error.hint)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("clicktrail"):
            raise
        print_error(f"this command needs {error.name}", hint="pip install 'clicktrail[server]'")
    sys.exit(1)


def _report_os_error(error: OSError) -> None:
    path = Path(str(error.filename or "standard output"))
    if error.filename is None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left cannot be written at the end either
    print_error(f"cannot use {path}: {describe_os_error(error, path)}")
