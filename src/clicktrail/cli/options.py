"""Options that several commands have, spelled once."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Config", "Json"]

Config = Annotated[
    Path | None,
    typer.Option("--config", help="Settings file; else CLICKTRAIL_CONFIG, else clicktrail.toml here.", metavar="FILE"),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
