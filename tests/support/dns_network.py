"""A small DNS on loopback addresses: knot serves the root, top-level domains and zones; unbound resolves and validates.

Every server listens on the same port, each on an address of its own: name servers have no ports in the DNS.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest

from tests.support.waiting import TIMEOUT_S

RESOLVER = "127.0.0.1"
ROOT_SERVER = "127.0.0.2"
ZONE_SERVER = "127.0.0.3"
LOOPBACK = ["127.0.0.0/8", "::1"]
"""For ``pytest.mark.allow_hosts``."""

_KNOT = """\
server:
    listen: [{root}@{port}, {zones}@{port}]
    rundir: {folder}
    background-workers: 1
    udp-workers: 1
    tcp-workers: 1
log:
  - target: stderr
    any: warning
database:
    storage: {folder}/database
policy:
  - id: signed
    algorithm: ecdsap256sha256
    single-type-signing: on
template:
  - id: default
    storage: {folder}
    zonefile-sync: -1
    journal-content: none
zone:
"""
_UNBOUND = """\
server:
  interface: {resolver}@{port}
  port: {port}
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  num-threads: 1
  do-not-query-localhost: no
  do-ip6: no
  module-config: "validator iterator"
  local-zone: "test." nodefault
  ede: yes
  val-log-level: 2
  infra-host-ttl: 1
{anchors}{local_data}
remote-control:
  control-enable: no
"""


@dataclass(frozen=True, kw_only=True)
class ZoneFile:
    """A zone that knot serves.

    Attributes:
        records: lines of a zone file beside SOA, NS and the name server's address.
        is_signed: whether knot signs it, and unbound has its key.
        anchor: trust anchor for unbound instead, such as one that matches no key.
        servers: addresses of the zone's name servers, ns1, ns2 and so on.
        minimum_s: seconds for which resolvers keep that a name does not exist.
    """

    records: str = ""
    is_signed: bool = False
    anchor: str = ""
    servers: tuple[str, ...] = (ZONE_SERVER,)
    minimum_s: int = 60


@dataclass(frozen=True, kw_only=True)
class DnsNetwork:
    """Servers that run, all on the same port."""

    port: int
    folder: Path = field(repr=False)


def pick_port() -> int:
    """A port that is free for UDP and TCP."""
    with socket.create_server((RESOLVER, 0)) as listener:
        port: int = listener.getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.bind((RESOLVER, port))
    return port


@contextlib.contextmanager
def dns_network(
    zones: Mapping[str, ZoneFile], *, port: int, absent: Iterable[str] = (), local_data: Iterable[str] = ()
) -> Iterator[DnsNetwork]:
    """Run knot and unbound. Without them the test is skipped, or fails with ``CI=true``.

    Args:
        zones: zones by name, without root and top-level domains.
        port: of all servers.
        absent: zones that are delegated, and that knot does not serve.
        local_data: records that unbound has instead of the zones' own, such as old ones.
    """
    programs = [_find_program("knotd"), _find_program("unbound")]
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clicktrail-dns-")))
        config = _write_knot(folder, port, zones, frozenset(absent))
        stack.enter_context(_run(programs[0], "-c", config))
        _wait_for_answer(ROOT_SERVER, port, ".")
        signed = [name for name, zone in zones.items() if zone.is_signed and not zone.anchor]
        anchors = [_read_key(name, port) for name in signed] + [zone.anchor for zone in zones.values() if zone.anchor]
        config = _write_unbound(folder, port, zones, anchors, list(local_data))
        stack.enter_context(_run(programs[1], "-c", config))
        _wait_for_answer(RESOLVER, port, "test.")
        yield DnsNetwork(port=port, folder=folder)


def _find_program(name: str) -> str:
    program = shutil.which(name, path=f"{os.defpath}:/usr/sbin")
    if program is None:
        reason = f"{name} is not installed"
        if os.getenv("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return program


@contextlib.contextmanager
def _run(*command: str | Path) -> Iterator[None]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


def _wait_for_answer(server: str, port: int, name: str) -> None:
    query = dns.message.make_query(name, "SOA")
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        with contextlib.suppress(dns.exception.Timeout, OSError):
            if dns.query.udp(query, server, timeout=0.2, port=port).rcode() == dns.rcode.NOERROR:
                return
    pytest.fail(f"{server} does not serve {name}")


def _read_key(zone: str, port: int) -> str:
    answer = dns.query.udp(dns.message.make_query(zone, "DNSKEY"), ZONE_SERVER, timeout=5, port=port).answer
    return "\n".join(found.to_text() for found in answer)


def _write_knot(folder: Path, port: int, zones: Mapping[str, ZoneFile], absent: frozenset[str]) -> Path:
    tlds = sorted({name.rpartition(".")[2] for name in zones})
    delegations = {tld: [name for name in zones if name.rpartition(".")[2] == tld] for tld in tlds}
    texts = {".": _soa(".", 60) + "@ NS ns.root.\nns.root. A 127.0.0.2\n"}
    for tld in tlds:
        texts["."] += f"{tld}. NS a.nic.{tld}.\na.nic.{tld}. A {ROOT_SERVER}\n"
        texts[tld] = _soa(tld, 60) + f"@ NS a.nic.{tld}.\na.nic A {ROOT_SERVER}\n"
        texts[tld] += "".join(_name_servers(name, zones[name].servers) for name in delegations[tld])
    for name, zone in zones.items():
        if name not in absent:
            own = _name_servers(name, zone.servers)
            texts[name] = _soa(name, zone.minimum_s) + own + f"$ORIGIN {name}.\n{zone.records}\n"
    config = _KNOT.format(root=ROOT_SERVER, zones=ZONE_SERVER, port=port, folder=folder)
    for name, text in texts.items():
        file = folder / f"{name.strip('.') or 'root'}.zone"
        file.write_text(text, "utf-8")
        config += f"  - domain: {name}\n    file: {file}\n"
        if name in zones and zones[name].is_signed:
            config += "    dnssec-signing: on\n    dnssec-policy: signed\n"
    (folder / "database").mkdir()  # of keys
    path = folder / "knot.conf"
    path.write_text(config, "utf-8")
    return path


def _soa(zone: str, minimum_s: int) -> str:
    origin = f"{zone.strip('.')}."
    return f"$ORIGIN {origin}\n$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 86400 {minimum_s}\n"


def _name_servers(zone: str, servers: Iterable[str]) -> str:
    return "".join(
        f"{zone}. NS ns{number}.{zone}.\nns{number}.{zone}. A {address}\n"
        for number, address in enumerate(servers, start=1)
    )


def _write_unbound(
    folder: Path, port: int, zones: Mapping[str, ZoneFile], anchors: list[str], local_data: list[str]
) -> Path:
    file = folder / "anchors"
    file.write_text("\n".join(anchors) + "\n", "utf-8")
    config = _UNBOUND.format(
        resolver=RESOLVER,
        port=port,
        folder=folder,
        anchors=f'  trust-anchor-file: "{file}"\n' if anchors else "",
        local_data="".join(f"  local-data: '{record}'\n" for record in local_data),
    )
    # Referrals have no ports, so unbound finds each zone by its own entry.
    servers = {name: zone.servers for name, zone in zones.items()}
    servers |= dict.fromkeys((".", *(name.rpartition(".")[2] for name in zones)), (ROOT_SERVER,))
    for name, addresses in servers.items():
        config += f'stub-zone:\n  name: "{name}"\n'
        config += "".join(f"  stub-addr: {address}@{port}\n" for address in addresses)
    path = folder / "unbound.conf"
    path.write_text(config, "utf-8")
    return path
