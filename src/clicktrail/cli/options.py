"""Options that several commands share, and the settings and key ring that they name."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clicktrail.model.supported_time import check_time

if TYPE_CHECKING:
    from clicktrail.server.settings import Settings
    from clicktrail.tokens import KeyRing

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="Settings file. Default: CLICKTRAIL_CONFIG, else clicktrail.toml in this folder.",
        metavar="FILE",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Keys = Annotated[
    Path | None,
    typer.Option(
        "--keys",
        envvar="CLICKTRAIL_KEYS",
        show_envvar=False,
        help="Key ring file. Default: CLICKTRAIL_KEYS, else keys.json in the data folder.",
        metavar="FILE",
    ),
]


def parse_utc(at: datetime) -> datetime:
    """Take a time of an option or argument as UTC.

    Raises:
        BadParameter: it is not supported.
    """
    try:
        return check_time(at.replace(tzinfo=UTC))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def load_settings(config: Path | None) -> "Settings":
    """Load the settings from file and environment.

    Raises:
        SettingsError: they cannot be read, or are invalid.
    """
    from clicktrail.server import settings

    return settings.load(config, settings.get_environment())


def load_key_ring(settings: "Settings") -> "KeyRing":
    """Load the key ring of the data folder.

    Raises:
        KeyRingError: it is missing or damaged.
    """
    from clicktrail import keyring_file

    return keyring_file.load(settings.keyring_path)


def load_or_create_key_ring(settings: "Settings") -> "KeyRing":
    """Load the key ring of the data folder, or create both if nothing was ever stored there.

    Raises:
        KeyRingError: it is lost or damaged.
    """
    from clicktrail import keyring_file

    return keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=settings.sealed_data_paths)
