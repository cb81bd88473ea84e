"""clicktrail serve: run edge and engine."""

import asyncio
from typing import Annotated

import typer

from clicktrail.cli.options import Config

__all__ = ["serve", "worker"]


def serve(
    config: Config = None,
    only: Annotated[str, typer.Option(help="Run one part: edge or engine.", metavar="PART")] = "",
) -> None:
    """Run edge and engine until told to stop."""
    from clicktrail.server import settings, supervisor, system

    if only and only not in list(supervisor.Part):
        raise typer.BadParameter(f"'{only}' is neither edge nor engine", param_hint="--only")
    system.configure_logging()
    parts = [supervisor.Part(only)] if only else list(supervisor.Part)
    loaded = settings.load(config, settings.environment())
    asyncio.run(supervisor.serve(loaded, config=config, parts=parts))


def worker(
    part: str,
    socket: Annotated[list[int], typer.Option(help="Inherited listening socket, by number.")],
    config: Config = None,
    index: int = 0,
) -> None:
    """Run one process of serve; it starts these itself."""
    from clicktrail.server import settings, system, wiring

    system.configure_logging()
    loaded = settings.load(config, settings.environment())
    wiring.run_worker(loaded, part=part, index=index, sockets=socket)
