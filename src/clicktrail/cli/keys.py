"""clicktrail keys: look after the key ring."""

from pathlib import Path
from typing import Annotated

import typer

from clicktrail.cli.options import Config

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Look after the key ring, the one file that must not be lost.")


@app.callback()
def keys() -> None:
    """Look after the key ring, the one file that must not be lost."""


@app.command()
def backup(
    to: Annotated[Path, typer.Argument(help="File to write; it must not exist yet.", metavar="FILE")],
    config: Config = None,
) -> None:
    """Copy the key ring to a file that only you can read."""
    from clicktrail.server import keystore, settings

    loaded = settings.load(config, settings.environment())
    keystore.backup(loaded.data / keystore.NAME, to)
    typer.echo(f"clicktrail: key ring copied to {to}: keep it apart from this machine", err=True)
