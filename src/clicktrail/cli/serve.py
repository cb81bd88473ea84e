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
    with_input: Annotated[
        bool, typer.Option("--with-input", help="Stop when standard input ends: for a program that may be killed.")
    ] = False,
) -> None:
    """Run edge and engine until told to stop."""
    from clicktrail.server import log, settings, supervisor

    if only and only not in list(supervisor.Component):
        raise typer.BadParameter(f"'{only}' is neither edge nor engine", param_hint="--only")
    loaded = settings.load(config, settings.get_environment())
    log.configure_logging(loaded.log.level)
    parts = [supervisor.Component(only)] if only else list(supervisor.Component)
    asyncio.run(supervisor.serve(loaded, config_path=config, components=parts, stop_on_stdin_eof=with_input))


def worker(
    part: str,
    socket_fds: Annotated[list[int], typer.Option("--socket", help="Inherited listening socket, by number.")],
    config: Config = None,
    index: int = 0,
) -> None:
    """Be one process of serve, which starts these itself. The edge's start fast: they import no engine."""
    from clicktrail.server import log, settings

    loaded = settings.load(config, settings.get_environment())
    log.configure_logging(loaded.log.level)
    sockets = [socket.socket(fileno=inherited) for inherited in socket_fds]
    if part == "edge":
        from clicktrail.server.wiring.edge import run_edge

        run_edge(loaded, sockets[0], index=index)
    else:
        from clicktrail.server.wiring.engine import run_engine

        run_engine(loaded, relay_socket=sockets[0], console_socket=sockets[1])
