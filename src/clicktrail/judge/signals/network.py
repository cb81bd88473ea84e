"""Where requests come from."""

from collections.abc import Callable, Collection, Iterator, Sequence

from clicktrail.judge.evidence import DATACENTRE_CLASSES, MessageEvidence
from clicktrail.judge.grouping import address_prefix, coarse_network_key, find_runs, group_by, link_key, network_key
from clicktrail.judge.networks import NetworkClass
from clicktrail.judge.signals.base import SignalMatches, expand_runs, run_duration_s
from clicktrail.model.event import Click

__all__ = ["datacentre_many_networks", "datacentre_network", "mail_security_network", "many_networks"]


def mail_security_network(evidence: MessageEvidence) -> SignalMatches:
    """An address of a company that scans mail."""
    return _match_network_classes(evidence, {NetworkClass.MAIL_SECURITY})


def datacentre_network(evidence: MessageEvidence) -> SignalMatches:
    """An address of a data centre."""
    return _match_network_classes(evidence, DATACENTRE_CLASSES)


def many_networks(
    evidence: MessageEvidence, *, min_networks: int, window_s: float, min_coarse_networks: int, coarse_window_s: float
) -> SignalMatches:
    """As many links of one person's message followed from so many unrelated networks within so many seconds.

    More slowly, where they lie so far from each other that no phone carrier has them all, and one agent came from them.
    A message that went to several people says nothing: it is read in as many places. Nor does one of a few links that
    somebody's phone carrier sends through another of its addresses each. Who clicks meanwhile with another browser than
    the one that comes from so many networks is no part of it.
    """
    if len(evidence.followed_clicks) < min_networks:
        return {}
    clicks = [click for click in evidence.followed_clicks if click.recipient and network_key(evidence, click)]
    found: list[Sequence[Click]] = []
    for alike in group_by(clicks, _get_user_agent).values():
        found += _find_spread_runs(
            alike,
            lambda click: coarse_network_key(evidence, click),
            min_distinct=min_coarse_networks,
            window_s=coarse_window_s,
        )
        found += _find_spread_runs(
            alike, lambda click: network_key(evidence, click), min_distinct=min_networks, window_s=window_s
        )
    named = {click.id for run in found for click in run}
    others = [click for click in clicks if click.id not in named]
    found += _find_spread_runs(
        others, lambda click: network_key(evidence, click), min_distinct=min_networks, window_s=window_s
    )
    return expand_runs(
        (run, f"from {len({network_key(evidence, click) for click in run})} networks in {run_duration_s(run):.0f} s")
        for run in found
    )


def datacentre_many_networks(evidence: MessageEvidence, *, min_networks: int, window_s: float) -> SignalMatches:
    """As many links followed from so many places in data centres, under one agent, within so many seconds.

    Somebody at a desktop there has one address, or a few that lie side by side: those of the gateway to the Internet.
    """
    if len(evidence.datacentre_click_ids) < min_networks:
        return {}
    by_agent = group_by(
        (click for click in evidence.followed_clicks if click.id in evidence.datacentre_click_ids), _get_user_agent
    )
    found = [
        run
        for alike in by_agent.values()
        for run in _find_spread_runs(
            alike, lambda click: address_prefix(click.ip), min_distinct=min_networks, window_s=window_s
        )
    ]
    return expand_runs(
        (run, f"from {len({address_prefix(click.ip) for click in run})} networks in data centres") for run in found
    )


def _get_user_agent(click: Click) -> str:
    return click.user_agent


def _find_spread_runs(
    clicks: Sequence[Click], key: Callable[[Click], str], *, min_distinct: int, window_s: float
) -> Iterator[Sequence[Click]]:
    """The runs from so many places in some window, on as many links."""
    if len(clicks) >= min_distinct:
        for run in find_runs(clicks, key=key, min_distinct=min_distinct, window_s=window_s):
            if len(set(map(link_key, run))) >= min_distinct:
                yield run


def _match_network_classes(evidence: MessageEvidence, classes: Collection[NetworkClass]) -> SignalMatches:
    return {
        click_id: f"network {network}"
        for click_id, network in evidence.networks.items()
        if network.network_class in classes
    }
