"""clicktrail keys: look after the key ring."""

import json
from pathlib import Path
from typing import Annotated

import typer

from clicktrail import keyring_file
from clicktrail.cli.options import Config, Json
from clicktrail.server import settings
from clicktrail.tokens import TokenFormat

__all__ = ["app"]

_RESTART_HINT = "restart clicktrail serve: its relay seals with the key of its start"

app = typer.Typer(no_args_is_help=True, help="Look after the key ring, the one file that must not be lost.")


@app.callback()
def keys() -> None:
    """Look after the key ring, the one file that must not be lost."""


@app.command(name="list")
def list_keys(config: Config = None, json_: Json = False) -> None:
    """Show the keys, newest first, with the characters that their links end in; never their secrets."""
    ring = keyring_file.load(_ring_path(config))
    if json_:
        shown = [
            {"number": key.number, "state": key.state, **{kind: key.last_character(kind) for kind in TokenFormat}}
            for key in ring.keys
        ]
        print(json.dumps(shown, indent=1))
        return
    for key in ring.keys:
        print(
            f"{key.number:>2}  {key.state.value:<7}  links end in {' or '.join(map(key.last_character, TokenFormat))}"
        )


@app.command()
def rotate(config: Config = None) -> None:
    """Have a new key seal from the next start on; the links of the former ones live."""
    new = keyring_file.rotate(_ring_path(config))
    _print_message(f"key {new.number} seals now: {_RESTART_HINT}; then back up the ring, the older copy lacks this key")


@app.command()
def revoke(
    number: Annotated[int, typer.Argument(help="The key, as clicktrail keys list shows it.", metavar="NUMBER")],
    config: Config = None,
) -> None:
    """Let a key open nothing any more: every link that it sealed answers 404, a second later."""
    keyring_file.revoke(_ring_path(config), number)
    _print_message(f"key {number} is revoked: an edge of another machine has a ring of its own")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="File to write; it must not exist yet.", metavar="FILE")],
    config: Config = None,
) -> None:
    """Copy the key ring to a file that only you can read."""
    keyring_file.backup(_ring_path(config), file)
    _print_message(f"key ring copied to {file}: keep it apart from this machine")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="File that clicktrail keys backup wrote.", metavar="FILE")],
    config: Config = None,
) -> None:
    """Put a copy in the place of a key ring that is lost."""
    path = _ring_path(config)
    keyring_file.restore(path, file)
    _print_message(f"key ring restored to {path}: {_RESTART_HINT}")


def _ring_path(config: Path | None) -> Path:
    return settings.load(config, settings.get_environment()).keyring_path


def _print_message(message: str) -> None:
    typer.echo(f"clicktrail: {message}", err=True)
