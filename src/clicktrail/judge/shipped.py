"""Give the judge the rules, networks and agents that we ship, and the networks that the operator told us of."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import cache, partial
from importlib import resources

from clicktrail.judge import Context, Judge, judge
from clicktrail.judge.network_lists import Listed, table_of
from clicktrail.judge.networks import Networks, unpack

__all__ = ["context_with", "judge_with", "shipped_context", "shipped_judge"]


def shipped_judge() -> Judge:
    """A judge by what we ship alone."""
    return partial(judge, context=shipped_context())


def judge_with(listed: Iterable[Listed], *, today: date) -> Judge:
    """A judge by what we ship, and by the operator's networks that count today."""
    return partial(judge, context=context_with(listed, today=today))


def context_with(listed: Iterable[Listed], *, today: date) -> Context:
    """What we ship, and before our networks those of the operator that count today."""
    context, own = shipped_context(), table_of(listed, today=today)
    return replace(context, networks=Networks(own, *context.networks.tables)) if own.networks else context


@cache
def shipped_context() -> Context:
    """What we ship, read once."""
    data = resources.files("clicktrail.judge") / "data"
    rules, agents = ((data / f"{name}.toml").read_text("utf-8") for name in ("rules", "agents"))
    networks = Networks(unpack((data / "networks.bin").read_bytes()))
    return Context.of(rules_toml=rules, networks=networks, agents_toml=agents)
