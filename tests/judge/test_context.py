import pytest

from clicktrail.errors import SettingsError
from clicktrail.judge import Context
from tests.clicks import CONTEXT, shipped


def test_version() -> None:
    """A verdict can be traced to the three data files that made it."""
    assert "2026-11-23/2026-11-23/2026-11-23" == CONTEXT.version


def test_shipped_data_is_read() -> None:
    """The package's own files make a context."""
    parts = (CONTEXT.rules.version, CONTEXT.networks.version, CONTEXT.agents.version)
    assert CONTEXT.version == "/".join(str(part) for part in parts)


def test_unreadable_part() -> None:
    """A file that cannot be read makes no context."""
    with pytest.raises(SettingsError, match="networks cannot be read"):
        Context.of(rules_toml=shipped("rules.toml"), networks_toml="", agents_toml=shipped("agents.toml"))
