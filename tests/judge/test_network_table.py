import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import SettingsError
from clicktrail.judge.addresses import Block, block_of, number_of
from clicktrail.judge.network_table import cut, pack, unpack
from clicktrail.judge.networks import Network, NetworkClass, NetworkTable

WIDE, NARROW = (Network(name=name, asn=64500, kind=NetworkClass.DATACENTRE) for name in ("wide", "narrow"))
BLOCKS = st.builds(
    lambda first, size: Block(first, first + size), st.integers(0, (1 << 64) - 300), st.integers(0, 299)
) | st.builds(lambda first, size: Block(first, first + size), st.integers(0, 50), st.integers(0, 50))


def table(*ranges: tuple[str, Network]) -> NetworkTable:
    """A table of ranges."""
    return cut("1", [(block_of(text), network) for text, network in ranges])


@pytest.mark.parametrize("turn", [1, -1])
def test_narrower_range_wins(turn: int) -> None:
    """Of two ranges around an address the narrower one names it, in whatever order they are listed."""
    both = [("198.51.100.0/24", WIDE), ("198.51.100.128/25", NARROW)][::turn]
    found = [table(*both).at(number_of(address)) for address in ("198.51.100.127", "198.51.100.128", "198.51.101.0")]
    assert [WIDE, NARROW, None] == found


@given(st.lists(BLOCKS, max_size=8), st.data())
def test_every_address_belongs_to_the_narrowest_range(blocks: list[Block], data: st.DataObject) -> None:
    """Whatever ranges a table is made of, looking at all of them finds the same as looking in the table."""
    networks = [Network(name=str(number), kind=NetworkClass.VPN) for number in range(len(blocks))]
    made = cut("1", zip(blocks, networks, strict=True))
    ends = [end for block in blocks for end in (block.first, block.last, block.last + 1)]
    number = data.draw(st.sampled_from([0, *ends]))
    around = [block for block in blocks if block.first <= number <= block.last]
    found = made.at(number)
    assert (not around) == (found is None)
    if found:
        owner = blocks[int(found.name)]
        assert min(block.last - block.first for block in around) == owner.last - owner.first


@given(st.lists(BLOCKS, max_size=8))
def test_packed_and_unpacked(blocks: list[Block]) -> None:
    """A table survives being packed, byte for byte the same each time."""
    made = cut("1", [(block, WIDE) for block in blocks])
    assert made == unpack(pack(made))
    assert pack(made) == pack(unpack(pack(made)))


def test_more_networks_than_are_packed() -> None:
    """An operator may name every autonomous system there is."""
    table = cut("v", [(Block(at, at), Network(name=str(at), kind=NetworkClass.OURS)) for at in range(70_000)])
    assert "69999" == str(table.at(69_999))


def test_last_addresses() -> None:
    """A range may reach to the end of the line."""
    assert WIDE == table(("ffff::/16", WIDE)).at((1 << 64) - 1)


@pytest.mark.parametrize("packed", [b"", b"no table", pack(table())[:-5], pack(table())[2:]])
def test_unreadable(packed: bytes) -> None:
    """What is no table, or only a part of one, is refused."""
    with pytest.raises(SettingsError, match="networks cannot be read"):
        unpack(packed)
