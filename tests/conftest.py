"""Fixtures for every test."""

import sys
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

# An example's time depends on the machine's load; pytest's timeout ends a test that hangs.
settings.register_profile("clicktrail", settings(), deadline=None)
settings.load_profile("clicktrail")

_SUMMARY = "summary"
"""Test property with a line for the end of the run. pytest-xdist passes properties on from its workers."""


@pytest.fixture
def summarize(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Add a line on what the test covered to the end of the run."""
    properties = request.node.user_properties
    return lambda text: properties.append((_SUMMARY, f"{request.node.name}: {text}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the lines of `summarize`."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, text in report.user_properties:
                if name == _SUMMARY and report.when == "call":
                    terminalreporter.write_line(text)


@pytest.fixture(autouse=True)
def _without_coverage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Turn coverage off for tests marked so, and for the processes that they start.

    They run the same lines very often, and tracing takes half of their time.
    """
    if not request.node.get_closest_marker("without_coverage"):
        yield
        return
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
    trace = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(trace)
