"""clicktrail domain caddyfile: configure Caddy, which terminates TLS, for all tracking domains."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clicktrail.cli.options import Config, load_settings
from clicktrail.cli.terminal import print_message
from clicktrail.errors import ClicktrailError

if TYPE_CHECKING:
    from clicktrail.server.settings import Settings


def print_caddyfile(
    *,
    output: Annotated[Path | None, typer.Option(help="Write to this file.", metavar="FILE")] = None,
    reload: Annotated[bool, typer.Option("--reload", help="Let the running Caddy use the new file.")] = False,
    main: Annotated[
        Path | None, typer.Option(help="Caddy's own configuration, if it imports FILE.", metavar="CADDYFILE")
    ] = None,
    on_demand: Annotated[
        bool, typer.Option("--on-demand", help="For hundreds of domains: Caddy asks the edge for each host.")
    ] = False,
    config: Config = None,
) -> None:
    """Print Caddy's configuration: every host of our edge that was verified once, by name."""
    if (reload or main) and not output:
        raise typer.BadParameter("--reload and --main need --output FILE")
    settings = load_settings(config)
    text = _build_text(settings, on_demand=on_demand)
    if output is None:
        sys.stdout.write(text)  # has tabs, and no data but host names
        return
    from clicktrail.server.domains.caddy import replace_and_reload, write_caddyfile

    if reload:
        replace_and_reload(output, text, main=main or output)
        print_message(f"wrote {output}, and Caddy uses it")
    else:
        write_caddyfile(output, text)
        print_message(f"wrote {output}; reload Caddy to use it")


def _build_text(settings: "Settings", *, on_demand: bool) -> str:
    from clicktrail.server.pipeline.caddyfile import build_caddyfile, build_on_demand_caddyfile
    from clicktrail.server.wiring.tls_proxy import build_edge_proxy, list_certificate_hosts

    proxy = build_edge_proxy(settings)
    if not on_demand:
        hosts = list_certificate_hosts(settings)
        if not hosts:
            raise ClicktrailError(
                "no tracking domain of our edge was verified yet, so Caddy would serve none",
                hint="clicktrail domain check HOST verifies one",
            )
        return build_caddyfile(hosts, proxy)
    if proxy.proxy_protocol:
        raise ClicktrailError(
            "--on-demand does not work with edge.proxy_protocol: Caddy asks the edge without that header",
            hint="set edge.proxy_protocol = false",
        )
    return build_on_demand_caddyfile(proxy)
