"""clicktrail networks: say whose addresses are whose, as far as that tells scanners from people."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from clicktrail.cli.options import Config, Json
from clicktrail.cli.tables import create_table, create_terminal
from clicktrail.errors import ClicktrailError
from clicktrail.judge.network_lists import ListedNetwork, parse_network_list
from clicktrail.judge.networks import NetworkClass, parse_range
from clicktrail.judge.shipped import build_context_with_networks
from clicktrail.server import operator_networks, settings
from clicktrail.server.operator_networks import NetworkSource, OperatorNetworks
from clicktrail.server.system import SystemClock

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Say whose addresses are whose: what is said here goes before our table.")


@app.callback()
def networks() -> None:
    """Say whose addresses are whose: what is said here goes before the table that the package ships."""


@app.command()
def update(
    *,
    sources: Annotated[
        list[str],
        typer.Argument(
            help="File or URL: a list of AWS, Google Cloud or Azure, TOML, or a range a line.", metavar="SOURCE..."
        ),
    ],
    name: Annotated[str, typer.Option(help="Whose ranges they are, where the list does not say.")] = "",
    kind: Annotated[
        NetworkClass | None, typer.Option("--class", help="What comes from there, where the list does not say.")
    ] = None,
    expires: Annotated[
        datetime | None, typer.Option(help="First day on which they count no more.", formats=["%Y-%m-%d"])
    ] = None,
    config: Config = None,
) -> None:
    """Read lists of networks, each in the place of what it said the last time; all of them, or none."""
    from clicktrail.server.download import fetch_text

    file = _networks_file(config)
    now = SystemClock().now()
    read = {}
    for source in sources:
        try:
            listed = parse_network_list(fetch_text(source), name=name, network_class=kind)
        except ClicktrailError as error:
            raise ClicktrailError(f"{source}: {error}", hint=error.hint) from error
        read[_source_key(source)] = NetworkSource(
            read_at=now, networks=tuple(_set_expiry(each, expires) for each in listed if each.ranges)
        )
    operator_networks.write(file, OperatorNetworks(sources=operator_networks.read(file).sources | read))
    for source, held in read.items():
        print(f"{source}: {sum(len(each.ranges) for each in held.networks)} ranges")


@app.command()
def remove(
    sources: Annotated[list[str], typer.Argument(help="As clicktrail networks list shows it.", metavar="SOURCE...")],
    config: Config = None,
) -> None:
    """Forget what lists said."""
    file = _networks_file(config)
    held = operator_networks.read(file).sources
    for source in map(_source_key, sources):
        if source not in held:
            raise ClicktrailError(f"nothing was read from {source}", hint="clicktrail networks list shows the sources")
        del held[source]
    operator_networks.write(file, OperatorNetworks(sources=held))


@app.command(name="list")
def list_networks(config: Config = None, json_: Json = False) -> None:
    """Show what was read from where, and which version of all networks judges now."""
    own, today = operator_networks.read(_networks_file(config)), SystemClock().now().date()
    version = build_context_with_networks(own.all_networks, today=today).networks.version
    rows = [
        _build_row(source, held.read_at, each, today) for source, held in own.sources.items() for each in held.networks
    ]
    if json_:
        print(json.dumps({"version": version, "networks": rows}, indent=1))
        return
    found = create_table("source", "network", "class", "ranges", "read", "expires")
    for row in rows:
        expires = f"{row['expires']}{'' if row['counts'] else ' (expired)'}" if row["expires"] else "never"
        found.add_row(row["source"], row["name"], row["class"], str(row["ranges"]), row["read_at"][:10], expires)
    print(f"version {version}")
    if rows:
        create_terminal().print(found)


@app.command()
def show(
    addresses: Annotated[list[str], typer.Argument(help="IPv4 or IPv6.", metavar="ADDRESS...")],
    config: Config = None,
    json_: Json = False,
) -> None:
    """Show which network the judge takes addresses to be in; none for people's lines and all that is not known."""
    today = SystemClock().now().date()
    for address in addresses:
        _check_address(address)
    known = build_context_with_networks(
        operator_networks.read(_networks_file(config)).all_networks, today=today
    ).networks
    found = {address: known.find(address) for address in addresses}
    if json_:
        print(json.dumps([{"address": address, "network": msgspec.to_builtins(it)} for address, it in found.items()]))
        return
    for address, network in found.items():
        print(f"{address}  {f'{network}, {network.network_class}' if network else 'none'}")


def _check_address(address: str) -> None:
    """Refuse what is neither an address nor a shortened one."""
    try:
        parse_range(address)
    except ValueError as error:
        raise ClicktrailError(f"'{address}' is no address") from error


def _build_row(source: str, read_at: datetime, network: ListedNetwork, today: date) -> dict[str, Any]:
    return {
        "source": source,
        "name": network.name,
        "class": network.network_class,
        "ranges": len(network.ranges),
        "read_at": read_at.isoformat(),
        "expires": network.expires and network.expires.isoformat(),
        "counts": network.expires is None or today < network.expires,
    }


def _set_expiry(network: ListedNetwork, expires: datetime | None) -> ListedNetwork:
    return msgspec.structs.replace(network, expires=expires.date()) if expires else network


def _source_key(source: str) -> str:
    """A source by a name that is the same wherever the command is run."""
    return source if source.startswith(("http://", "https://")) else str(Path(source).absolute())


def _networks_file(config: Path | None) -> Path:
    return settings.load(config, settings.get_environment()).networks_path
