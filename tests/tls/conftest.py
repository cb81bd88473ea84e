"""One certificate authority for all tests of TLS."""

from collections.abc import Iterator

import pytest

from tests.support.pebble import Pebble, running_pebble


@pytest.fixture(scope="session")
def pebble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    with running_pebble(tmp_path_factory.mktemp("pebble")) as running:
        yield running
