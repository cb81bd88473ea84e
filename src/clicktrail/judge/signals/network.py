"""Signals from the networks that clicks come from."""

from collections.abc import Callable, Collection, Iterator, Sequence

from clicktrail.judge.evidence import DATACENTRE_CLASSES, MessageEvidence
from clicktrail.judge.grouping import address_prefix, coarse_network_key, find_runs, group_by, link_key, network_key
from clicktrail.judge.networks import NetworkClass
from clicktrail.judge.signals.base import SignalMatches, expand_runs, run_duration_s
from clicktrail.model.event import Click

__all__ = ["datacentre_many_networks", "datacentre_network", "mail_security_network", "many_networks"]


def mail_security_network(evidence: MessageEvidence) -> SignalMatches:
    """Match addresses of companies that scan mail."""
    return _match_network_classes(evidence, {NetworkClass.MAIL_SECURITY})


def datacentre_network(evidence: MessageEvidence) -> SignalMatches:
    """Match addresses of data centres."""
    return _match_network_classes(evidence, DATACENTRE_CLASSES)


def many_networks(
    evidence: MessageEvidence, *, min_networks: int, window_s: float, min_coarse_networks: int, coarse_window_s: float
) -> SignalMatches:
    """Match clicks on one recipient's message from many unrelated networks in a short time.

    Either ``min_networks`` within ``window_s``, or with one User-Agent, ``min_coarse_networks`` within
    ``coarse_window_s``: networks so far apart that no phone carrier owns them all. The clicks must follow at least as
    many different links. Clicks without a recipient are left out, since a message to several people is read in several
    places. Clicks with one User-Agent are compared first, so that a person with another browser is not part of the run.
    """
    if len(evidence.followed_clicks) < min_networks:
        return {}

    def get_network(click: Click) -> str:
        return network_key(evidence, click)

    def get_coarse_network(click: Click) -> str:
        return coarse_network_key(evidence, click)

    clicks = [click for click in evidence.followed_clicks if click.recipient and get_network(click)]
    runs: list[Sequence[Click]] = []
    for same_agent_clicks in group_by(clicks, _get_user_agent).values():
        runs += _find_network_runs(
            same_agent_clicks, get_coarse_network, min_networks=min_coarse_networks, window_s=coarse_window_s
        )
        runs += _find_network_runs(same_agent_clicks, get_network, min_networks=min_networks, window_s=window_s)
    click_ids_in_runs = {click.id for run in runs for click in run}
    other_clicks = [click for click in clicks if click.id not in click_ids_in_runs]
    runs += _find_network_runs(other_clicks, get_network, min_networks=min_networks, window_s=window_s)
    return expand_runs(
        (run, f"from {len(set(map(get_network, run)))} networks in {run_duration_s(run):.0f} s") for run in runs
    )


def datacentre_many_networks(evidence: MessageEvidence, *, min_networks: int, window_s: float) -> SignalMatches:
    """Match clicks with one User-Agent from ``min_networks`` or more data-centre networks (/24, IPv6: /48).

    They must follow at least as many different links. A person at a remote desktop has one address, or neighbouring
    ones of one gateway.
    """
    if len(evidence.datacentre_click_ids) < min_networks:
        return {}
    clicks = [click for click in evidence.followed_clicks if click.id in evidence.datacentre_click_ids]
    runs = (
        run
        for same_agent_clicks in group_by(clicks, _get_user_agent).values()
        for run in _find_network_runs(
            same_agent_clicks, _get_address_prefix, min_networks=min_networks, window_s=window_s
        )
    )
    return expand_runs(
        (run, f"from {len(set(map(_get_address_prefix, run)))} networks in data centres") for run in runs
    )


def _get_user_agent(click: Click) -> str:
    return click.user_agent


def _get_address_prefix(click: Click) -> str:
    return address_prefix(click.ip)


def _find_network_runs(
    clicks: Sequence[Click], get_network: Callable[[Click], str], *, min_networks: int, window_s: float
) -> Iterator[Sequence[Click]]:
    """Runs from ``min_networks`` or more networks, on as many links or more."""
    if len(clicks) >= min_networks:
        for run in find_runs(clicks, key=get_network, min_distinct=min_networks, window_s=window_s):
            if len(set(map(link_key, run))) >= min_networks:
                yield run


def _match_network_classes(evidence: MessageEvidence, classes: Collection[NetworkClass]) -> SignalMatches:
    return {
        click_id: f"network {network}"
        for click_id, network in evidence.networks.items()
        if network.network_class in classes
    }
