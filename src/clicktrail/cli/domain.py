"""clicktrail domain: add, check, list and remove tracking domains."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from msgspec.structs import replace

from clicktrail.cli.caddyfile import print_caddyfile
from clicktrail.cli.domain_report import print_listings, print_records, print_report
from clicktrail.cli.edges import wait_for_edges
from clicktrail.cli.options import Config, Json, load_or_create_key_ring, load_settings
from clicktrail.cli.tables import create_table, create_terminal
from clicktrail.cli.terminal import print_error, print_json, print_line, print_message, print_warning
from clicktrail.errors import ClicktrailError
from clicktrail.esp.base import Region
from clicktrail.model.hosts import extract_host, is_domain_name, normalize_host
from clicktrail.model.tracking_domain import RegisteredDomain, TrackingDomain

if TYPE_CHECKING:  # the registry's packages are slow to import: a command's help must not load them
    from clicktrail.server.pipeline.block_lists import BlockListAnswer
    from clicktrail.server.pipeline.domain_checks import DomainReport
    from clicktrail.server.settings import Settings
    from clicktrail.server.wiring.stores import Registry

_Result = TypeVar("_Result")

_NEVER_ADDED_STATUS = 2


_DURATION = re.compile(r"(?P<number>[0-9]{1,6})(?P<unit>[smhd]?)")
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DEFAULT_WAIT_S = 600.0
_WAIT_INTERVAL_S = 10.0
_EXIT_STATUSES = {"ok": 0, "failing": 1, "pending": 3}


def _parse_duration(text: str) -> float:
    if match := _DURATION.fullmatch(text):
        return float(match["number"]) * _UNIT_SECONDS[match["unit"]]
    raise typer.BadParameter(f"{text!r} is no duration, such as 90s, 10m or 2h")


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


@app.command()
def add(
    host: HostArgument,
    *,
    esp: Annotated[
        str, typer.Option(help="ESP that serves the domain: sendgrid, mailgun, postmark or klaviyo. Default: our edge.")
    ] = "",
    region: Annotated[Region, typer.Option(help="Region of your account at the ESP: us or eu.")] = Region.US,
    target: Annotated[
        str, typer.Option(help="Where the record leads, instead of the setting domains.targets or the ESP's usual one.")
    ] = "",
    config: Config = None,
) -> None:
    """Add a tracking domain, and print the DNS records to create."""
    from clicktrail.server.pipeline.domain_names import find_blocked_word, suggest_other_host
    from clicktrail.server.system import SystemClock
    from clicktrail.server.wiring.domain_checker import build_checker, find_expected_target

    settings = load_settings(config)
    domain = RegisteredDomain(
        site=TrackingDomain(host=host),
        added_at=SystemClock().now(),
        esp=esp.lower(),
        region=region.value if esp else "",
        target=target,
    )
    expected = find_expected_target(settings, domain)
    load_or_create_key_ring(settings)
    if (found := asyncio.run(build_checker(settings).find_esp(host, expected))) and found != expected.esp:
        raise ClicktrailError(
            f"{host} leads to {found.title}: links in mail that was sent through it would stop working",
            hint=f"add another name, such as {suggest_other_host(host)}, or this one with --esp {found.name}",
        )
    outcome = _change(settings, lambda registry: _put_definition(registry, domain))
    print_records(host, expected)
    if word := find_blocked_word(host):
        print_warning(
            f"ad blockers block hosts with the word {word}, so some readers cannot follow links on {host}: "
            "a name such as links, go or news is safer"
        )
    print_message(f"added {host}: {outcome}")


@app.command()
def check(
    host: HostArgument,
    *,
    sender: Annotated[
        str, typer.Option("--from", help="Address in From of your mail: compare its domain.", metavar="ADDRESS")
    ] = "",
    block_lists: Annotated[
        bool, typer.Option("--block-lists", help="Also ask Spamhaus, SURBL and URIBL, which then know your domain.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Check again until the domain is ok.")] = False,
    wait_for: Annotated[
        float | None,
        typer.Option(
            parser=_parse_duration, help="How long to wait, such as 90s, 10m or 2h; 10m by default.", metavar="DURATION"
        ),
    ] = None,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Check DNS, ports, certificate and edge of a tracking domain, and name the one next step.

    Exit status: 0 if it is ok, 1 if it is failing, 2 if it was never added, 3 if its record is right and not known
    everywhere yet.
    """
    settings = load_settings(config)
    domain = _find_domain(settings, host)
    waits_s = (_DEFAULT_WAIT_S if wait else 0.0) if wait_for is None else wait_for
    report = _use_registry(
        settings, lambda registry: _check(settings, registry, domain, sender=sender, waits_s=waits_s)
    )
    listings = asyncio.run(_ask_block_lists(settings, domain.host)) if block_lists else None
    if json_:
        from clicktrail.server.api.domain_schemas import DomainCheckReport

        print_json(DomainCheckReport.from_report(report, listings))
    else:
        print_report(report)
        if listings is not None:
            print_listings(listings)
    if status := _EXIT_STATUSES[report.status]:
        raise typer.Exit(status)


@app.command()
def history(host: HostArgument, config: Config = None, json_: Json = False) -> None:
    """Show the states of a tracking domain over time, the latest last."""
    settings = load_settings(config)
    _find_domain(settings, host)
    states = _use_registry(settings, lambda registry: registry.domains.list_states(host))
    if json_:
        print_json({"domain": host, "states": states})
        return
    if not states:
        print_line(f"{host} was not checked yet: clicktrail domain check {host}")
        return
    table = create_table("since", "status", "check", "next step")
    for state in states:
        table.add_row(f"{state.since:%Y-%m-%d %H:%M}", state.status, state.code, state.next_step)
    create_terminal().print(table)


@app.command(name="list")
def list_domains(config: Config = None, json_: Json = False) -> None:
    """List all tracking domains with their state at the latest check."""
    domains = _use_registry(load_settings(config), lambda registry: registry.domains.list_all())
    if json_:
        from clicktrail.server.api.domain_schemas import Domain, Domains

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
    print_message(f"{_count(len(sites), 'tracking domain')}: {outcome}")


async def _put_definition(registry: "Registry", domain: RegisteredDomain) -> None:
    stored = await registry.domains.find(domain.host)
    if stored and stored.esp != domain.esp:
        owner, option = (stored.esp, "") if stored.esp else ("our edge", " --stop-serving")
        raise ClicktrailError(
            f"{domain.host} is a tracking domain of {owner}: its links in sent mail would stop working",
            hint=f"add another name, or end these links: clicktrail domain remove {domain.host}{option}",
        )
    await registry.domains.put(replace(domain, site=stored.site) if stored else domain)


async def _check(
    settings: "Settings", registry: "Registry", domain: RegisteredDomain, *, sender: str, waits_s: float
) -> "DomainReport":
    from clicktrail.server.wiring.domain_checker import check_domain
    from clicktrail.server.wiring.domain_copy import copy_domains

    ends_at = time.monotonic() + waits_s
    next_step: str | None = ""
    while True:
        report, result = await check_domain(settings, domain, sender=sender)
        await registry.domains.record_check(domain.host, result)
        await copy_domains(settings, registry)
        remaining_s = ends_at - time.monotonic()
        if report.next_step is None or remaining_s <= 0:
            return report
        if report.next_step != next_step:
            next_step = report.next_step
            print_message(f"{report.status}, checking again for {remaining_s:.0f} s: {next_step}")
        await asyncio.sleep(min(_WAIT_INTERVAL_S, remaining_s))


async def _ask_block_lists(settings: "Settings", host: str) -> "list[BlockListAnswer]":
    from clicktrail.server.domains.block_list_lookup import ask_block_lists
    from clicktrail.server.wiring.domain_checker import create_dns_client

    return await ask_block_lists(host, client=create_dns_client(settings))


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
    return (
        f"up to {_count(messages, 'message')} of {_count(len(campaigns), 'campaign')} have links on it, the latest of "
        f"{campaigns[0].campaign or '(none)'}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
