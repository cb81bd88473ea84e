"""clicktrail demo: a campaign, people, scanners, and who was who."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from clicktrail.cli import tables
from clicktrail.cli.options import Json

if TYPE_CHECKING:
    from clicktrail.demo.run import DemoResult

__all__ = ["demo"]


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Exit after the report; otherwise the console stays up.")
    ] = False,
    json_: Json = False,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder to keep everything in; else a new one that goes at the end.", metavar="DIR"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Draws the population.")] = 1,
) -> None:
    """Send a campaign to people and scanners on this machine, and show who was who. Takes about a minute."""
    asyncio.run(_run_demo(once=once, as_json=json_, data=data, seed=seed))


async def _run_demo(*, once: bool, as_json: bool, data: Path | None, seed: int) -> None:
    from clicktrail.demo.run import Demo

    messages = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description:9}"), BarColumn(), TimeElapsedColumn(), console=messages, transient=True
    )
    async with Demo(data=data, seed=seed) as running:
        with bar:
            task = bar.add_task("starting", total=1.0)
            outcome = await running.run(lambda step, done: bar.update(task, description=step, completed=done))
        if as_json:
            print(json.dumps(_outcome_as_json(outcome), ensure_ascii=False), flush=True)
        else:
            _print_result(outcome)
        if not once:
            messages.print(f"\nThe console: [bold]{outcome.console_url}[/bold] (Ctrl-C ends the demo)")
            await running.wait_until_interrupted()


def _outcome_as_json(outcome: "DemoResult") -> dict[str, Any]:
    return {
        "raw_click_rate": outcome.raw_click_rate,
        "human_click_rate": outcome.human_click_rate,
        "true_click_rate": outcome.true_click_rate,
        "campaign": msgspec.to_builtins(outcome.report),
        "console": outcome.console_url,
    }


def _print_result(outcome: "DemoResult") -> None:
    tables.print_campaign(outcome.report)
    rates = Table(box=None, show_header=False, pad_edge=False)
    rates.add_row("raw click rate", f"{outcome.raw_click_rate:.1%}", "what an ESP would report")
    rates.add_row("human click rate", f"{outcome.human_click_rate:.1%}", "what clicktrail reports")
    rates.add_row("true click rate", f"{outcome.true_click_rate:.1%}", "what only the demo knows")
    Console().print("", rates)
