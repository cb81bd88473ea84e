"""Options that several commands have, spelled once."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Config", "Json", "Keys"]

Config = Annotated[
    Path | None,
    typer.Option("--config", help="Settings file; else CLICKTRAIL_CONFIG, else clicktrail.toml here.", metavar="FILE"),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Keys = Annotated[
    Path | None,
    typer.Option(
        "--keys",
        envvar="CLICKTRAIL_KEYS",
        show_envvar=False,
        help="Key ring; else CLICKTRAIL_KEYS, else the data folder's.",
        metavar="FILE",
    ),
]
