"""Where requests come from."""

from collections.abc import Collection

from clicktrail.judge.case import DATACENTRES, Case
from clicktrail.judge.networks import NetworkClass
from clicktrail.judge.signals.findings import Findings, span, told
from clicktrail.judge.sources import neighbourhood
from clicktrail.judge.windows import link_of, runs

__all__ = ["datacentre_network", "mail_security_network", "many_networks"]


def mail_security_network(case: Case) -> Findings:
    """An address of a company that scans mail."""
    return _within(case, {NetworkClass.MAIL_SECURITY})


def datacentre_network(case: Case) -> Findings:
    """An address of a data centre."""
    return _within(case, DATACENTRES)


def many_networks(case: Case, *, networks: int, seconds: float) -> Findings:
    """As many links of one person's message followed from so many unrelated networks within so many seconds.

    A message that went to several people says nothing: it is read in as many places. Nor does one of a few links that
    somebody's phone carrier sends through another of its addresses each.
    """
    if len(case.followed) < networks:
        return {}
    clicks = [click for click in case.followed if click.recipient and neighbourhood(case, click)]
    found = runs(clicks, key=lambda click: neighbourhood(case, click), different=networks, seconds=seconds)
    return told(
        (run, f"from {len({neighbourhood(case, click) for click in run})} networks in {span(run):.0f} s")
        for run in found
        if len(set(map(link_of, run))) >= networks
    )


def _within(case: Case, kinds: Collection[NetworkClass]) -> Findings:
    return {click_id: f"network {network}" for click_id, network in case.networks.items() if network.kind in kinds}
