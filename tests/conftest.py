"""What every test can ask for."""

from collections.abc import Callable

import pytest

_TOLD = pytest.StashKey[list[str]]()


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say how much a test covered; it stands at the end of the run, where people look."""
    told = request.config.stash.setdefault(_TOLD, [])
    return lambda text: told.append(f"{request.node.name}: {text}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what tests had to say."""
    for text in config.stash.get(_TOLD, []):
        terminalreporter.write_line(text)
