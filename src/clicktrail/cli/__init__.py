"""The command line."""

import typer

__all__ = ["main"]

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def clicktrail() -> None:
    """Email click tracking you host yourself."""


def main() -> None:
    """Run the command line."""
    app()
