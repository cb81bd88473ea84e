"""clicktrail keys: look after the key ring."""

import json
from pathlib import Path
from typing import Annotated

import typer

from clicktrail import keyring_file
from clicktrail.cli.options import Config, Json
from clicktrail.server import settings
from clicktrail.tokens import Format

__all__ = ["app"]

_RESTART = "restart clicktrail serve: its relay seals with the key of its start"

app = typer.Typer(no_args_is_help=True, help="Look after the key ring, the one file that must not be lost.")


@app.callback()
def keys() -> None:
    """Look after the key ring, the one file that must not be lost."""


@app.command(name="list")
def list_keys(config: Config = None, json_: Json = False) -> None:
    """Show the keys, newest first, with the characters that their links end in; never their secrets."""
    ring = keyring_file.load(_ring(config))
    if json_:
        shown = [
            {"number": key.number, "state": key.state, **{kind: key.last_character(kind) for kind in Format}}
            for key in ring.keys
        ]
        print(json.dumps(shown, indent=1))
        return
    for key in ring.keys:
        print(f"{key.number:>2}  {key.state.value:<7}  links end in {' or '.join(map(key.last_character, Format))}")


@app.command()
def rotate(config: Config = None) -> None:
    """Have a new key seal from the next start on; the links of the former ones live."""
    new = keyring_file.rotate(_ring(config))
    _say(f"key {new.number} seals now: {_RESTART}; then back up the ring, the older copy lacks this key")


@app.command()
def revoke(
    number: Annotated[int, typer.Argument(help="The key, as clicktrail keys list shows it.", metavar="NUMBER")],
    config: Config = None,
) -> None:
    """Let a key open nothing any more: every link that it sealed answers 404, a second later."""
    keyring_file.revoke(_ring(config), number)
    _say(f"key {number} is revoked: an edge of another machine has a ring of its own")


@app.command()
def backup(
    to: Annotated[Path, typer.Argument(help="File to write; it must not exist yet.", metavar="FILE")],
    config: Config = None,
) -> None:
    """Copy the key ring to a file that only you can read."""
    keyring_file.backup(_ring(config), to)
    _say(f"key ring copied to {to}: keep it apart from this machine")


@app.command()
def restore(
    backup: Annotated[Path, typer.Argument(help="File that clicktrail keys backup wrote.", metavar="FILE")],
    config: Config = None,
) -> None:
    """Put a copy in the place of a key ring that is lost."""
    path = _ring(config)
    keyring_file.restore(path, backup)
    _say(f"key ring restored to {path}: {_RESTART}")


def _ring(config: Path | None) -> Path:
    return settings.load(config, settings.environment()).data / keyring_file.NAME


def _say(message: str) -> None:
    typer.echo(f"clicktrail: {message}", err=True)
