"""Give the judge the rules, networks and agents that we ship."""

from functools import partial
from importlib import resources

from clicktrail.judge import Context, judge
from clicktrail.judge.network_table import unpack
from clicktrail.judge.networks import Networks
from clicktrail.server.pipeline.process import Judge

__all__ = ["shipped_judge"]


def shipped_judge() -> Judge:
    """Read the files, once."""
    data = resources.files("clicktrail.judge") / "data"
    rules, agents = ((data / f"{name}.toml").read_text("utf-8") for name in ("rules", "agents"))
    networks = Networks(unpack((data / "networks.bin").read_bytes()))
    return partial(judge, context=Context.of(rules_toml=rules, networks=networks, agents_toml=agents))
