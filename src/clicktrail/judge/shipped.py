"""Build the judge from the package's data files and the operator's networks."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import cache, partial
from importlib import resources

from clicktrail.judge import Context, Judge, judge
from clicktrail.judge.network_lists import ListedNetwork, build_table_from_list
from clicktrail.judge.networks import Networks, unpack_table


def build_shipped_judge() -> Judge:
    """Build a judge from the package's data alone."""
    return partial(judge, context=load_shipped_context())


def build_judge_with_networks(operator_networks: Iterable[ListedNetwork], *, today: date) -> Judge:
    """Build a judge that looks an address up in the operator's networks first; expired ones are ignored."""
    return partial(judge, context=build_context_with_networks(operator_networks, today=today))


def build_context_with_networks(operator_networks: Iterable[ListedNetwork], *, today: date) -> Context:
    """The context of `build_judge_with_networks`."""
    context = load_shipped_context()
    operator_table = build_table_from_list(operator_networks, today=today)
    if not operator_table.networks:
        return context
    return replace(context, networks=Networks(operator_table, *context.networks.tables))


@cache
def load_shipped_context() -> Context:
    """Read the package's data files; cached."""
    folder = resources.files("clicktrail.judge") / "data"
    return Context.from_toml(
        rules_toml=(folder / "rules.toml").read_text("utf-8"),
        networks=Networks(unpack_table((folder / "networks.bin").read_bytes())),
        agents_toml=(folder / "agents.toml").read_text("utf-8"),
    )
