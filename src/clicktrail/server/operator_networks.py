"""The networks that the operator told us of, in the data folder: they hold before those that the package ships."""

from datetime import datetime
from pathlib import Path

import msgspec

from clicktrail.atomic_file import write_atomically
from clicktrail.errors import StorageError
from clicktrail.judge.network_lists import ListedNetwork

__all__ = ["NetworkSource", "OperatorNetworks", "read", "write"]


class NetworkSource(msgspec.Struct, frozen=True, kw_only=True):
    """What one file or URL listed.

    Attributes:
        read_at: when that was.
        networks: those in it.
    """

    read_at: datetime
    networks: tuple[ListedNetwork, ...]


class OperatorNetworks(msgspec.Struct, frozen=True, kw_only=True):
    """All that the operator told us of, by file or URL."""

    sources: dict[str, NetworkSource] = {}

    @property
    def all_networks(self) -> tuple[ListedNetwork, ...]:
        """The networks of all sources."""
        return tuple(network for _, source in sorted(self.sources.items()) for network in source.networks)


def read(path: Path) -> OperatorNetworks:
    """What the file holds; nothing where there is none.

    Raises:
        StorageError: it cannot be read.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=OperatorNetworks)
    except FileNotFoundError:
        return OperatorNetworks()
    except (OSError, msgspec.DecodeError) as error:
        raise StorageError(f"cannot read the networks in {path}: {error}") from error


def write(path: Path, operator_networks: OperatorNetworks) -> None:
    """Put this in the file's place, durably.

    Raises:
        StorageError: it cannot be written; the old file is as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, msgspec.json.encode(operator_networks, order="sorted"))
    except OSError as error:
        raise StorageError(f"cannot write the networks to {path}: {error.strerror}") from error
