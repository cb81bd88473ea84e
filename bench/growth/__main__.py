"""Measure how costs grow with stored clicks, with connections and with the size of a message, and plot them.

The figures and plots go into ``docs/images/growth``, and ``docs/explanation/growth.md`` shows them.
"""

import asyncio
import shlex
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bench.charts.chart import Chart
from bench.charts.publish import publish
from bench.growth.edge import measure_edge
from bench.growth.relay import measure_relay
from bench.growth.rewriting import measure_rewriting
from bench.growth.store import measure_stores
from bench.programs import BenchError, find_first_error


class Part(StrEnum):
    """A part of the bench."""

    STORE = "store"
    REDIRECT = "redirect"
    REWRITING = "rewriting"
    RELAY = "relay"


def main(
    parts: Annotated[list[Part] | None, typer.Argument(help="What to measure; everything by default.")] = None,
    max_clicks: Annotated[int, typer.Option(min=10_000, help="Clicks in the largest store.")] = 1_000_000,
    folder: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Keep filled stores here, and use those found.")
    ] = None,
) -> None:
    """Measure how costs grow."""
    measure: Mapping[Part, Callable[[], list[Chart]]] = {
        Part.STORE: lambda: measure_stores(max_clicks, folder),
        Part.REDIRECT: measure_edge,
        Part.REWRITING: measure_rewriting,
        Part.RELAY: lambda: asyncio.run(measure_relay()),
    }
    try:
        for part in parts or list(Part):
            publish(measure[part](), command=shlex.join(["./dev", "bench", "growth", *sys.argv[1:]]))
    except* BenchError as group:
        sys.exit(f"growth: error: {find_first_error(group)}")


if __name__ == "__main__":
    typer.run(main)
