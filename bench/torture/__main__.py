"""Break something under load, and compare the answered clicks with those in the reports."""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from bench.programs import BenchError, find_first_error
from bench.torture.scenarios import SCENARIOS, ScenarioResult


def main(
    rounds: Annotated[int, typer.Argument(min=1, help="Number of rounds of each scenario.")] = 20,
    clicks: Annotated[int, typer.Option(min=1, help="Number of clicks in each round.")] = 300,
    durability: Annotated[str, typer.Option(help="durable or async.")] = "durable",
    scenario: Annotated[list[str] | None, typer.Option(help=f"{', '.join(SCENARIOS)}; default: all.")] = None,
) -> None:
    """Break something under load; no answered click may be lost or counted twice."""
    results: dict[str, ScenarioResult] = {}
    for name in scenario or SCENARIOS:
        if name not in SCENARIOS:
            sys.exit(f"torture: error: there is no scenario {name}: choose from {', '.join(SCENARIOS)}")
        try:
            with tempfile.TemporaryDirectory(prefix="clicktrail-torture-") as folder:
                results[name] = asyncio.run(
                    SCENARIOS[name](Path(folder), rounds=rounds, clicks=clicks, durability=durability)
                )
        except* BenchError as group:
            sys.exit(f"torture: error: {find_first_error(group)}")
    for name, result in results.items():
        print(f"{name}: rounds: {rounds:,}; {result}")
    sys.exit(any(result.lost or result.duplicated for result in results.values()))


if __name__ == "__main__":
    typer.run(main)
