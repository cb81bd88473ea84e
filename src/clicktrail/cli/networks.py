"""clicktrail networks: name the owners of IP networks, which separates scanners from people."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from clicktrail.cli.options import Config, Json, load_settings
from clicktrail.cli.tables import create_table, create_terminal
from clicktrail.cli.terminal import print_json, print_line
from clicktrail.errors import ClicktrailError
from clicktrail.judge.network_lists import ListedNetwork, parse_network_list
from clicktrail.judge.networks import NetworkClass, parse_range
from clicktrail.judge.shipped import build_context_with_networks
from clicktrail.server import operator_networks
from clicktrail.server.operator_networks import NetworkSource, OperatorNetworks
from clicktrail.server.system import SystemClock

app = typer.Typer(help="Name the owners of IP networks. These entries override the built-in table.")


@app.command()
def update(
    *,
    sources: Annotated[
        list[str],
        typer.Argument(
            help="File or URL: a list from AWS, Google Cloud or Azure, TOML, or one range per line.",
            metavar="SOURCE...",
        ),
    ],
    name: Annotated[str, typer.Option(help="Owner of the ranges, if the list does not name it.")] = "",
    kind: Annotated[
        NetworkClass | None, typer.Option("--class", help="Class of the ranges, if the list does not name it.")
    ] = None,
    expires: Annotated[
        datetime | None, typer.Option(help="First day on which the entries no longer apply.", formats=["%Y-%m-%d"])
    ] = None,
    config: Config = None,
) -> None:
    """Read lists of networks. Each replaces what was read from it before; if one fails, nothing changes."""
    from clicktrail.server.download import fetch_text

    file = _get_networks_path(config)
    now = SystemClock().now()
    new_sources = {}
    for source in sources:
        try:
            networks = parse_network_list(fetch_text(source), name=name, network_class=kind)
        except ClicktrailError as error:
            raise ClicktrailError(f"{source}: {error}", hint=error.hint) from error
        new_sources[_normalize_source(source)] = NetworkSource(
            read_at=now, networks=tuple(_set_expiry(network, expires) for network in networks if network.ranges)
        )
    operator_networks.write(file, OperatorNetworks(sources=operator_networks.read(file).sources | new_sources))
    for key, new_source in new_sources.items():
        print_line(f"{key}: {sum(len(network.ranges) for network in new_source.networks)} ranges")


@app.command()
def remove(
    sources: Annotated[list[str], typer.Argument(help="Source in clicktrail networks list.", metavar="SOURCE...")],
    config: Config = None,
) -> None:
    """Remove the networks that were read from a file or URL."""
    file = _get_networks_path(config)
    stored_sources = operator_networks.read(file).sources
    for key in map(_normalize_source, sources):
        if key not in stored_sources:
            raise ClicktrailError(f"nothing was read from {key}", hint="clicktrail networks list shows the sources")
        del stored_sources[key]
    operator_networks.write(file, OperatorNetworks(sources=stored_sources))


@app.command(name="list")
def list_networks(config: Config = None, json_: Json = False) -> None:
    """List your networks with their source, and the version of all networks that the judge uses."""
    networks = operator_networks.read(_get_networks_path(config))
    today = SystemClock().now().date()
    version = build_context_with_networks(networks.all_networks, today=today).networks.version
    rows = [
        _build_row(key, source.read_at, network, today)
        for key, source in networks.sources.items()
        for network in source.networks
    ]
    if json_:
        print_json({"version": version, "networks": rows})
        return
    print_line(f"version {version}")
    if not rows:
        return
    table = create_table("source", "network", "class", "ranges", "read", "expires")
    for row in rows:
        expires = f"{row['expires']}{'' if row['is_active'] else ' (expired)'}" if row["expires"] else "never"
        table.add_row(row["source"], row["name"], row["class"], str(row["ranges"]), row["read_at"][:10], expires)
    create_terminal().print(table)


@app.command()
def show(
    addresses: Annotated[list[str], typer.Argument(help="IPv4 or IPv6 address.", metavar="ADDRESS...")],
    config: Config = None,
    json_: Json = False,
) -> None:
    """Show the network that the judge finds for IP addresses: none for home and office lines, and if unknown."""
    for address in addresses:
        _check_address(address)
    operator_list = operator_networks.read(_get_networks_path(config)).all_networks
    networks = build_context_with_networks(operator_list, today=SystemClock().now().date()).networks
    network_by_address = {address: networks.find(address) for address in addresses}
    if json_:
        print_json(
            [
                {"address": address, "network": msgspec.to_builtins(network)}
                for address, network in network_by_address.items()
            ]
        )
        return
    for address, network in network_by_address.items():
        print_line(f"{address}  {f'{network}, {network.network_class}' if network else 'none'}")


def _check_address(address: str) -> None:
    try:
        parse_range(address)  # a shortened address, such as 192.0.2.0/24, is valid
    except ValueError as error:
        raise ClicktrailError(f"'{address}' is no IP address") from error


def _build_row(source_key: str, read_at: datetime, network: ListedNetwork, today: date) -> dict[str, Any]:
    return {
        "source": source_key,
        "name": network.name,
        "class": network.network_class,
        "ranges": len(network.ranges),
        "read_at": read_at.isoformat(),
        "expires": network.expires and network.expires.isoformat(),
        "is_active": network.expires is None or today < network.expires,
    }


def _set_expiry(network: ListedNetwork, expires: datetime | None) -> ListedNetwork:
    return msgspec.structs.replace(network, expires=expires.date()) if expires else network


def _normalize_source(source: str) -> str:
    """A URL, or an absolute path: independent of the current folder."""
    return source if source.startswith(("http://", "https://")) else str(Path(source).absolute())


def _get_networks_path(config: Path | None) -> Path:
    return load_settings(config).networks_path
