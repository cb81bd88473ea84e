"""clicktrail demo: send a campaign to simulated people and scanners, and compare verdicts with the truth."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from clicktrail.cli import tables
from clicktrail.cli.options import Json
from clicktrail.cli.terminal import print_json, print_line

if TYPE_CHECKING:
    from clicktrail.demo.run import DemoResult


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Exit after the report instead of leaving the console open.")
    ] = False,
    json_: Json = False,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Data folder to create and keep. Default: a temporary folder, deleted at the end.", metavar="DIR"
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Random seed of the population.")] = 1,
) -> None:
    """Send a campaign to simulated people and scanners, and compare verdicts with the truth.

    Everything runs on this machine and takes about a minute.
    """
    asyncio.run(_run_demo(once=once, as_json=json_, data=data, seed=seed))


async def _run_demo(*, once: bool, as_json: bool, data: Path | None, seed: int) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from clicktrail.demo.run import Demo

    stderr = Console(stderr=True)
    bar = Progress(TextColumn("{task.description:9}"), BarColumn(), TimeElapsedColumn(), console=stderr, transient=True)
    async with Demo(data=data, seed=seed) as running_demo:
        with bar:
            task = bar.add_task("starting", total=1.0)
            result = await running_demo.run(lambda step, done: bar.update(task, description=step, completed=done))
        if as_json:
            print_json(_build_json_result(result))
        else:
            _print_result(result)
        if not once:
            stderr.print(f"\nThe console: [bold]{result.console_url}[/bold] (Ctrl-C ends the demo)")
            await running_demo.wait_until_interrupted()


def _build_json_result(result: "DemoResult") -> dict[str, Any]:
    return {
        "raw_click_rate": result.raw_click_rate,
        "human_click_rate": result.human_click_rate,
        "true_click_rate": result.true_click_rate,
        "campaign": msgspec.to_builtins(result.report),
        "console": result.console_url,
    }


def _print_result(result: "DemoResult") -> None:
    tables.print_campaign(result.report)
    print_line()
    print_line(f"raw click rate    {result.raw_click_rate:>6.1%}  what an ESP would report")
    print_line(f"human click rate  {result.human_click_rate:>6.1%}  what clicktrail reports")
    print_line(f"true click rate   {result.true_click_rate:>6.1%}  what the simulation knows")
