"""clicktrail keys: manage the key ring."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from clicktrail import keyring_file
from clicktrail.cli.edges import wait_for_edges
from clicktrail.cli.options import Config, Json, load_settings
from clicktrail.cli.terminal import print_json, print_line, print_message
from clicktrail.tokens import TokenFormat

_RESTART_HINT = "restart clicktrail serve, whose relay seals with the key that it loaded at its start"

app = typer.Typer(help="Manage the key ring, the one file that must not be lost.")


@app.command(name="list")
def list_keys(config: Config = None, json_: Json = False) -> None:
    """List the keys, newest first, with the last characters of their links. Secrets are not shown."""
    ring = keyring_file.load(_get_ring_path(config))
    if json_:
        print_json(
            [
                {"number": key.number, "state": key.state, **{kind: key.last_character(kind) for kind in TokenFormat}}
                for key in ring.keys
            ]
        )
        return
    for key in ring.keys:
        last_characters = " or ".join(map(key.last_character, TokenFormat))
        print_line(f"{key.number:>2}  {key.state.value:<7}  links end in {last_characters}")


@app.command()
def rotate(config: Config = None) -> None:
    """Add a key that seals links after the next start. Links sealed with older keys stay valid."""
    settings = load_settings(config)
    key = keyring_file.rotate(settings.keyring_path)
    outcome = asyncio.run(wait_for_edges(settings, settings.keyring_path))
    print_message(f"key {key.number} added: {outcome}; {_RESTART_HINT}, then back up the ring again")


@app.command()
def revoke(
    number: Annotated[int, typer.Argument(help="Number of the key in clicktrail keys list.", metavar="NUMBER")],
    config: Config = None,
) -> None:
    """Revoke a key: every link sealed with it answers 404."""
    settings = load_settings(config)
    keyring_file.revoke(settings.keyring_path, number)
    outcome = asyncio.run(wait_for_edges(settings, settings.keyring_path))
    print_message(f"key {number} is revoked: {outcome}; edges on other machines need the new key ring too")


@app.command()
def remove(
    number: Annotated[int, typer.Argument(help="Number of a revoked key in clicktrail keys list.", metavar="NUMBER")],
    config: Config = None,
) -> None:
    """Remove a revoked key from a full ring. Its links answer 404 for ever, and a new key can get its number."""
    keyring_file.remove(_get_ring_path(config), number)
    print_message(f"key {number} is removed: back up the ring again, and keep no older backup in use")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="File to write; it must not exist yet.", metavar="FILE")],
    config: Config = None,
) -> None:
    """Copy the key ring to a file that only you can read."""
    keyring_file.backup(_get_ring_path(config), file)
    print_message(f"key ring copied to {file}: keep it on another machine")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="File that clicktrail keys backup wrote.", metavar="FILE")],
    config: Config = None,
) -> None:
    """Restore a lost key ring from a backup."""
    path = _get_ring_path(config)
    keyring_file.restore(path, file)
    print_message(f"key ring restored to {path}: {_RESTART_HINT}")


def _get_ring_path(config: Path | None) -> Path:
    return load_settings(config).keyring_path
