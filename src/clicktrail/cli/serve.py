"""clicktrail serve: run edge, relay and engine."""

from typing import Annotated

import typer

from clicktrail.cli.options import Config, load_settings


def serve(
    config: Config = None,
    only: Annotated[str, typer.Option(help="Run only this part: edge, relay or engine.", metavar="PART")] = "",
    with_input: Annotated[
        bool,
        typer.Option("--with-input", help="Stop when standard input ends, for a parent process that may be killed."),
    ] = False,
) -> None:
    """Run edge, relay and engine until stopped."""
    import asyncio

    from clicktrail.server import log, supervisor
    from clicktrail.server.service_locks import Component

    if only and only not in list(Component):
        raise typer.BadParameter(f"{only!r} is not edge, relay or engine", param_hint="--only")
    settings = load_settings(config)
    log.configure_logging(settings.log.level)
    components = [Component(only)] if only else list(Component)
    asyncio.run(supervisor.serve(settings, config_path=config, components=components, stop_on_stdin_eof=with_input))


def worker(
    part: str,
    socket_fds: Annotated[
        list[int] | None, typer.Option("--socket", help="File descriptor of an inherited listening socket.")
    ] = None,
    config: Config = None,
    index: int = 0,
) -> None:
    """Run one process of serve, which starts these itself."""
    import socket

    from clicktrail.server import log

    settings = load_settings(config)
    log.configure_logging(settings.log.level)
    sockets = [socket.socket(fileno=fd) for fd in socket_fds or ()]
    if part == "edge":  # starts fast: it imports no engine
        from clicktrail.server.wiring.edge import run_edge

        run_edge(settings, sockets[0], index=index)
    elif part == "relay":
        from clicktrail.server.wiring.relay import run_relay

        run_relay(settings, sockets[0], index=index, config_path=config)
    elif part == "rewriter":
        from clicktrail.server.wiring.rewriter import run_rewriter

        run_rewriter(settings)
    else:
        from clicktrail.server.wiring.engine import run_engine

        run_engine(settings, sockets[0])
