"""Give the judge the rules, networks and agents that we ship, and the networks that the operator told us of."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import cache, partial
from importlib import resources

from clicktrail.judge import Context, Judge, judge
from clicktrail.judge.network_lists import ListedNetwork, build_table_from_list
from clicktrail.judge.networks import Networks, unpack_table

__all__ = ["build_context_with_networks", "build_judge_with_networks", "build_shipped_judge", "load_shipped_context"]


def build_shipped_judge() -> Judge:
    """A judge by what we ship alone."""
    return partial(judge, context=load_shipped_context())


def build_judge_with_networks(operator_networks: Iterable[ListedNetwork], *, today: date) -> Judge:
    """A judge by what we ship, and by the operator's networks that count today."""
    return partial(judge, context=build_context_with_networks(operator_networks, today=today))


def build_context_with_networks(operator_networks: Iterable[ListedNetwork], *, today: date) -> Context:
    """What we ship, and before our networks those of the operator that count today."""
    context, own = load_shipped_context(), build_table_from_list(operator_networks, today=today)
    return replace(context, networks=Networks(own, *context.networks.tables)) if own.networks else context


@cache
def load_shipped_context() -> Context:
    """What we ship, read once."""
    data = resources.files("clicktrail.judge") / "data"
    rules, agents = ((data / f"{name}.toml").read_text("utf-8") for name in ("rules", "agents"))
    networks = Networks(unpack_table((data / "networks.bin").read_bytes()))
    return Context.from_toml(rules_toml=rules, networks=networks, agents_toml=agents)
