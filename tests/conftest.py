"""What every test can ask for."""

from collections.abc import Callable

import pytest
from hypothesis import settings

# How long an example takes depends on what else the machine does; what would never end meets pytest's timeout.
settings.register_profile("clicktrail", settings(), deadline=None)
settings.load_profile("clicktrail")

_TOLD = "told"
"""The name of a test's property, which reaches the run's end whatever process the test is in."""


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say how much a test covered; it stands at the end of the run, where people look."""
    properties = request.node.user_properties
    return lambda text: properties.append((_TOLD, f"{request.node.name}: {text}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests had to say."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, text in report.user_properties:
                if name == _TOLD and report.when == "call":
                    terminalreporter.write_line(text)
