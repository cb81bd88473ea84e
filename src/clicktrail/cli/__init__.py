"""The command line: parser, exit codes and manners.

Results go to standard output, everything else to standard error with ``clicktrail:`` before it. An error is one line,
a hint another, and the exit status 1; wrong usage is status 2.
"""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from clicktrail.cli import (
    audit,
    consent,
    demo,
    doctor,
    erase,
    history,
    import_,
    inspect,
    keys,
    labels,
    links,
    networks,
    privacy_text,
    rejudge,
    report,
    rewrite,
    segment,
    serve,
    utm,
)
from clicktrail.errors import ClicktrailError

__all__ = ["app", "main"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Email click tracking you host yourself.",
)


@app.callback()
def clicktrail(
    version_: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    """Email click tracking you host yourself."""
    if version_:
        print(version("clicktrail"))
        raise typer.Exit


app.command()(serve.serve)
app.command(hidden=True)(serve.worker)
app.command()(rewrite.rewrite)
app.command()(inspect.inspect)
app.command()(report.report)
app.command()(audit.audit)
app.command(name="import")(import_.import_)
app.command()(rejudge.rejudge)
app.command()(history.history)
app.command()(segment.segment)
app.command()(demo.demo)
app.command()(doctor.doctor)
app.command()(erase.erase)
app.command(name="privacy-text")(privacy_text.privacy_text)
app.add_typer(keys.app, name="keys")
app.add_typer(consent.app, name="consent")
app.add_typer(labels.app, name="labels")
app.add_typer(links.app, name="links")
app.add_typer(networks.app, name="networks")
app.add_typer(utm.app, name="utm")


def main() -> None:
    """Run the command line; exit with its status."""
    try:
        app()
    except ClicktrailError as error:
        _exit_with_error(str(error), error.hint)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("clicktrail"):
            raise
        _exit_with_error(f"this command needs {error.name}", "pip install 'clicktrail[server]'")


def _exit_with_error(message: str, hint: str) -> None:
    print(f"clicktrail: error: {message}", file=sys.stderr)
    if hint:
        print(f"clicktrail: hint: {hint}", file=sys.stderr)
    sys.exit(1)
