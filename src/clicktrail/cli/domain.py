"""clicktrail domain: add, check, list and remove tracking domains."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from msgspec.structs import replace

from clicktrail.cli.caddyfile import print_caddyfile
from clicktrail.cli.edges import wait_for_edges
from clicktrail.cli.options import Config, Json, load_or_create_key_ring, load_settings
from clicktrail.cli.tables import create_table, create_terminal
from clicktrail.cli.terminal import print_error, print_json, print_line, print_message, print_warning
from clicktrail.errors import ClicktrailError
from clicktrail.model.hosts import extract_host, is_domain_name, normalize_host
from clicktrail.model.tracking_domain import RegisteredDomain, TrackingDomain

if TYPE_CHECKING:  # the registry's packages are slow to import: a command's help must not load them
    from clicktrail.server.settings import Settings
    from clicktrail.server.wiring.stores import Registry

_Result = TypeVar("_Result")

_NEVER_ADDED_STATUS = 2


def _parse_host(text: str) -> str:
    host = normalize_host(text)
    if is_domain_name(host):
        return host
    raise typer.BadParameter(f"{text!r} is no host name of a tracking domain, such as links.example.com")


HostArgument = Annotated[
    str, typer.Argument(parser=_parse_host, help="Host name, such as links.example.com.", metavar="HOST")
]

app = typer.Typer(help="Add, check, list and remove tracking domains.")
app.command(name="caddyfile")(print_caddyfile)


@app.command(name="list")
def list_domains(config: Config = None, json_: Json = False) -> None:
    """List all tracking domains with their state at the latest check."""
    domains = _use_registry(load_settings(config), lambda registry: registry.domains.list_all())
    if json_:
        from clicktrail.server.api.schemas import Domain, Domains

        print_json(Domains(domains=[Domain.from_domain(domain) for domain in domains]))
        return
    if not domains:
        print_line("No tracking domains yet: the edge serves every host name. clicktrail domain add HOST adds one.")
        return
    table = create_table("domain", "served by", "status", "since", "next step")
    for domain in domains:
        state = domain.state
        table.add_row(
            domain.host,
            f"{domain.esp} ({domain.region})" if domain.esp else "our edge",
            "removed" if domain.removed_at else state.status if state else "not checked",
            f"{state.since:%Y-%m-%d %H:%M}" if state else "",
            state.next_step if state and not domain.removed_at else "",
        )
    create_terminal().print(table)


@app.command()
def remove(
    host: HostArgument,
    *,
    stop_serving: Annotated[
        bool, typer.Option("--stop-serving", help="Also end its links in sent mail: they answer with 421.")
    ] = False,
    config: Config = None,
) -> None:
    """Remove a tracking domain. The edge still serves its links in sent mail, until --stop-serving."""
    settings = load_settings(config)
    domain = _find_domain(settings, host)
    is_in_use = host == extract_host(settings.tracking.domain)
    if domain.esp:
        _change(settings, lambda registry: registry.domains.delete(host))
        print_message(f"removed {host}: {domain.esp} serves its links in sent mail while the DNS record exists")
    elif not stop_serving:
        from clicktrail.server.system import SystemClock

        _change(settings, lambda registry: registry.domains.remove(host, at=SystemClock().now()))
        print_message(f"removed {host}: {_describe_sent_mail(settings)}")
        print_message("hint: the edge still serves its links; --stop-serving ends them, then delete the DNS record")
        if is_in_use:
            print_warning(f"new mail still uses {host}: set tracking.domain to another tracking domain")
    elif is_in_use:
        raise ClicktrailError(
            f"new mail uses {host}: it is tracking.domain", hint="set tracking.domain to another tracking domain first"
        )
    else:
        outcome = _change(settings, lambda registry: registry.domains.delete(host))
        print_message(f"removed {host}, its links in sent mail answer with 421: {outcome}")


@app.command(name="import")
def import_domains(
    file: Annotated[Path, typer.Argument(help="Domains file, described in domains.md.", metavar="FILE")],
    config: Config = None,
) -> None:
    """Add the tracking domains of a file, or change what the edge shows and allows on them."""
    from clicktrail.server.wiring.domains import read_domains_file

    sites = read_domains_file(file)
    outcome = _change(load_settings(config), lambda registry: _put_sites(registry, sites))
    print_message(f"{len(sites)} tracking {'domain' if len(sites) == 1 else 'domains'}: {outcome}")


async def _put_sites(registry: "Registry", sites: tuple[TrackingDomain, ...]) -> None:
    from clicktrail.server.system import SystemClock

    for site in sites:
        stored = await registry.domains.find(site.host)
        await registry.domains.put(
            replace(stored, site=site) if stored else RegisteredDomain(site=site, added_at=SystemClock().now())
        )


def _use_registry(settings: "Settings", operation: "Callable[[Registry], Awaitable[_Result]]") -> _Result:
    async def run() -> _Result:
        from clicktrail.server.wiring.stores import open_registry

        if not settings.registry.url:
            load_or_create_key_ring(settings)  # without one, a new registry would look as if the ring had been lost
        async with open_registry(settings) as registry:
            return await operation(registry)

    return asyncio.run(run())


def _change(settings: "Settings", change: "Callable[[Registry], Awaitable[None]]") -> str:
    """Change the registry and the edge's copy. Returns where it is in force."""

    async def change_and_copy(registry: "Registry") -> str:
        from clicktrail.server.wiring.domain_copy import copy_domains

        await change(registry)
        if settings.data_path.exists():  # else no edge runs on this machine; edges elsewhere copy it themselves
            await copy_domains(settings, registry)
        return await wait_for_edges(settings, settings.served_domains_path)

    return _use_registry(settings, change_and_copy)


def _find_domain(settings: "Settings", host: str) -> RegisteredDomain:
    domain = _use_registry(settings, lambda registry: registry.domains.find(host))
    if domain is None:
        print_error(f"{host} was never added: clicktrail domain add {host}")
        raise typer.Exit(_NEVER_ADDED_STATUS)
    return domain


def _describe_sent_mail(settings: "Settings") -> str:
    """How much mail with our links was sent. Which of it has links on which domain is recorded nowhere."""
    from clicktrail.server.wiring.reports import open_reports

    try:
        with open_reports(settings) as reports:
            campaigns = reports.campaigns(None)
    except ClicktrailError as error:
        return f"how much mail was sent with its links is unknown ({error})"
    messages = sum(campaign.accepted for campaign in campaigns)
    if not messages:
        return "no message with tracked links was sent"
    latest = campaigns[0].campaign or "(none)"
    return f"up to {messages:,} sent messages of {len(campaigns):,} campaigns have links on it, the latest of {latest}"
