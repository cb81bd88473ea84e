import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.networks import build_shipped_table, find_vendor_ranges, pack_table, read_classes
from clicktrail.judge.networks import (
    AddressRange,
    Network,
    NetworkClass,
    address_to_int,
    build_table,
    parse_range,
    unpack_table,
)

CLASSES = read_classes(
    "asn,class,name,registered_to,source,date\n"
    "64500,mail-security,Scanner,Scanner Inc.,made up,2026-11-24\n"
    "64501,aws,Cloud,Cloud Inc.,made up,2026-11-24\n"
    "64503,cdn-relay,Relay,Relay Inc.,made up,2026-11-24\n"
)
ANNOUNCED = [
    (parse_range("192.0.2.0/25"), 64500, "Scanner Inc."),
    (parse_range("192.0.2.128/26"), 64501, "Cloud Inc."),
    (parse_range("192.0.2.192/27"), 64502, "Access Inc."),
    (parse_range("192.0.2.224/27"), 64503, "Relay Inc."),
    (parse_range("198.51.100.0/24"), 64501, "Cloud Inc."),
]
HEADING = "block,class,name,asn,announced_by,source,date\n"
BLOCKS = f"{HEADING}192.0.2.0/24,mail-security,Scanner,64500,,made up,2026-11-24\n"


def test_network_is_named_after_the_announcing_system_or_the_vendor() -> None:
    table = unpack_table(build_shipped_table(CLASSES, ANNOUNCED, list(find_vendor_ranges(BLOCKS, CLASSES, ANNOUNCED))))
    addresses = ("192.0.2.1", "192.0.2.129", "192.0.2.193", "192.0.2.225", "198.51.100.1")
    assert [str(table.find(address_to_int(address))) for address in addresses] == [
        "Scanner AS64500",
        "Scanner AS64500",
        "Scanner AS64500",
        "Relay AS64503",
        "Cloud AS64501",
    ]


def test_vendor_block_of_which_parts_were_sold() -> None:
    blocks = f"{HEADING}192.0.2.0/24,sse-egress,Gateway,0,64501,made up,2026-12-01\n"
    assert list(find_vendor_ranges(blocks, CLASSES, ANNOUNCED)) == [
        (parse_range("192.0.2.128/26"), Network(name="Gateway", network_class=NetworkClass.SSE_EGRESS))
    ]


def test_changed_owner_fails() -> None:
    changed = [(block, asn, "Access Inc." if asn == 64500 else owner) for block, asn, owner in ANNOUNCED]
    with pytest.raises(SystemExit, match=r"AS64500: Access Inc\., was Scanner Inc\."):
        build_shipped_table(CLASSES, changed, [])


def test_version_depends_on_the_content() -> None:
    first, same, other = (
        build_shipped_table(CLASSES, announced, []) for announced in (ANNOUNCED, ANNOUNCED, ANNOUNCED[:4])
    )
    assert first == same
    assert unpack_table(first).version != unpack_table(other).version


@given(st.lists(st.tuples(st.integers(0, 1 << 63), st.integers(0, 300)), max_size=8))
def test_packing_round_trip(ranges: list[tuple[int, int]]) -> None:
    network = Network(name="cloud", network_class=NetworkClass.DATACENTRE)
    table = build_table("1", [(AddressRange(first, first + size), network) for first, size in ranges])
    assert unpack_table(pack_table(table)) == table
    assert pack_table(table) == pack_table(unpack_table(pack_table(table)))
