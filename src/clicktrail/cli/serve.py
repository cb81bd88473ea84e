"""clicktrail serve: run edge and engine."""

import asyncio
import socket
from typing import Annotated

import typer

from clicktrail.cli.options import Config

__all__ = ["serve", "worker"]


def serve(
    config: Config = None,
    only: Annotated[str, typer.Option(help="Run one part: edge or engine.", metavar="PART")] = "",
) -> None:
    """Run edge and engine until told to stop."""
    from clicktrail.server import log, settings, supervisor

    if only and only not in list(supervisor.Part):
        raise typer.BadParameter(f"'{only}' is neither edge nor engine", param_hint="--only")
    log.configure_logging()
    parts = [supervisor.Part(only)] if only else list(supervisor.Part)
    loaded = settings.load(config, settings.environment())
    asyncio.run(supervisor.serve(loaded, config=config, parts=parts))


def worker(
    part: str,
    number: Annotated[list[int], typer.Option("--socket", help="Inherited listening socket, by number.")],
    config: Config = None,
    index: int = 0,
) -> None:
    """Be one process of serve, which starts these itself. The edge's start fast: they import no engine."""
    from clicktrail.server import log, settings

    log.configure_logging()
    loaded = settings.load(config, settings.environment())
    sockets = [socket.socket(fileno=inherited) for inherited in number]
    if part == "edge":
        from clicktrail.server.wiring.edge import run_edge

        run_edge(loaded, sockets[0], index=index)
    else:
        from clicktrail.server.wiring.engine import run_engine

        run_engine(loaded, relay=sockets[0], console=sockets[1])
