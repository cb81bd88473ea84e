import pytest

from clicktrail.errors import SettingsError
from clicktrail.judge import Context
from tests.clicks import CONTEXT, shipped, shipped_networks


def test_version() -> None:
    """A verdict can be traced to the three data files that made it."""
    rules, networks, agents = CONTEXT.version.split("/")
    assert (str(CONTEXT.rules.version), CONTEXT.networks.version, str(CONTEXT.agents.version)) == (
        rules,
        networks,
        agents,
    )


def test_shipped_data_is_read() -> None:
    """The package's own files make a context."""
    parts = (CONTEXT.rules.version, CONTEXT.networks.version, CONTEXT.agents.version)
    assert CONTEXT.version == "/".join(str(part) for part in parts)


def test_unreadable_part() -> None:
    """A file that cannot be read makes no context."""
    with pytest.raises(SettingsError, match="rules cannot be read"):
        Context.of(rules_toml="", networks=shipped_networks(), agents_toml=shipped("agents.toml"))
