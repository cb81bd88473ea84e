"""Give the judge the rules, networks and agents that we ship."""

from collections.abc import Callable
from functools import partial
from importlib import resources

from clicktrail.judge import Context, judge
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick

__all__ = ["shipped_judge"]


def shipped_judge() -> Callable[[Timeline], tuple[JudgedClick, ...]]:
    """Read the files, once."""
    data = resources.files("clicktrail.judge") / "data"
    rules, networks, agents = ((data / f"{name}.toml").read_text("utf-8") for name in ("rules", "networks", "agents"))
    return partial(judge, context=Context.of(rules_toml=rules, networks_toml=networks, agents_toml=agents))
