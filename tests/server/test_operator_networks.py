from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from clicktrail.errors import StorageError
from clicktrail.judge.network_lists import ListedNetwork
from clicktrail.judge.networks import NetworkClass
from clicktrail.server.operator_networks import NetworkSource, OperatorNetworks, read, write

OFFICE = ListedNetwork(
    name="office", network_class=NetworkClass.OURS, ranges=("192.0.2.0/24",), expires=date(2027, 1, 1)
)
CLOUD = ListedNetwork(name="cloud", network_class=NetworkClass.DATACENTRE, ranges=("198.51.100.0/24",), asn=64500)
AT = datetime(2026, 11, 24, tzinfo=UTC)


def test_networks_round_trip(tmp_path: Path) -> None:
    networks = OperatorNetworks(
        sources={"b": NetworkSource(read_at=AT, networks=(OFFICE,)), "a": NetworkSource(read_at=AT, networks=(CLOUD,))}
    )
    path = tmp_path / "data" / "networks.json"
    write(path, networks)
    assert (read(path), read(path).all_networks) == (networks, (CLOUD, OFFICE))


def test_missing_file_has_no_networks(tmp_path: Path) -> None:
    assert read(tmp_path / "networks.json").all_networks == ()


@pytest.mark.parametrize("content", [b"", b"{", b'{"sources": {"a": 1}}'])
def test_damaged_file_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "networks.json"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r"networks\.json"):
        read(path)


def test_failed_write_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write the networks"):
        write(tmp_path / "file" / "networks.json", OperatorNetworks())
