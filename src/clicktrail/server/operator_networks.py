"""The file of networks that the operator named. They override the networks that the package ships."""

from datetime import datetime
from pathlib import Path

import msgspec

from clicktrail.atomic_file import write_atomically
from clicktrail.disk_errors import describe_os_error
from clicktrail.errors import StorageError
from clicktrail.judge.network_lists import ListedNetwork
from clicktrail.server.json_file import read_json_file


class NetworkSource(msgspec.Struct, frozen=True, kw_only=True):
    """Networks of one file or URL."""

    read_at: datetime
    networks: tuple[ListedNetwork, ...]


class OperatorNetworks(msgspec.Struct, frozen=True, kw_only=True):
    """All networks of the operator."""

    sources: dict[str, NetworkSource] = {}

    @property
    def all_networks(self) -> tuple[ListedNetwork, ...]:
        """Networks of all sources, in the order of the sources' names."""
        return tuple(network for _, source in sorted(self.sources.items()) for network in source.networks)


def read(path: Path) -> OperatorNetworks:
    """Read the file; no networks if it does not exist.

    Raises:
        StorageError: the file cannot be read.
    """
    return read_json_file(path, OperatorNetworks, default=OperatorNetworks(), failure="cannot read the networks in")


def write(path: Path, operator_networks: OperatorNetworks) -> None:
    """Write the file atomically.

    Raises:
        StorageError: writing or syncing failed; see `write_atomically`.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, msgspec.json.encode(operator_networks, order="sorted"))
    except OSError as error:
        raise StorageError(f"cannot write the networks to {path}: {describe_os_error(error, path)}") from error
