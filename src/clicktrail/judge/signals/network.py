"""Where requests come from."""

from collections.abc import Callable, Collection, Iterator, Sequence

from clicktrail.judge.evidence import DATACENTRES, Case
from clicktrail.judge.grouping import grouped, link_of, neighbourhood, prefix, region, runs
from clicktrail.judge.networks import NetworkClass
from clicktrail.judge.signals.base import Findings, span, told
from clicktrail.model.event import Click

__all__ = ["datacentre_network", "hosted_addresses", "mail_security_network", "many_networks"]


def mail_security_network(case: Case) -> Findings:
    """An address of a company that scans mail."""
    return _within(case, {NetworkClass.MAIL_SECURITY})


def datacentre_network(case: Case) -> Findings:
    """An address of a data centre."""
    return _within(case, DATACENTRES)


def many_networks(case: Case, *, networks: int, seconds: float, far: int, far_seconds: float) -> Findings:
    """As many links of one person's message followed from so many unrelated networks within so many seconds.

    More slowly, where they lie so far from each other that no phone carrier has them all, and one agent came from them.
    A message that went to several people says nothing: it is read in as many places. Nor does one of a few links that
    somebody's phone carrier sends through another of its addresses each. Who clicks meanwhile with another browser than
    the one that comes from so many networks is no part of it.
    """
    if len(case.followed) < networks:
        return {}
    clicks = [click for click in case.followed if click.recipient and neighbourhood(case, click)]
    found: list[Sequence[Click]] = []
    for alike in grouped(clicks, _agent).values():
        found += _spread(alike, lambda click: region(case, click), different=far, seconds=far_seconds)
        found += _spread(alike, lambda click: neighbourhood(case, click), different=networks, seconds=seconds)
    named = {click.id for run in found for click in run}
    others = [click for click in clicks if click.id not in named]
    found += _spread(others, lambda click: neighbourhood(case, click), different=networks, seconds=seconds)
    return told(
        (run, f"from {len({neighbourhood(case, click) for click in run})} networks in {span(run):.0f} s")
        for run in found
    )


def hosted_addresses(case: Case, *, addresses: int, seconds: float) -> Findings:
    """As many links followed from so many places in data centres, under one agent, within so many seconds.

    Somebody at a desktop there has one address, or a few that lie side by side: those of the gateway to the Internet.
    """
    if len(case.hosted) < addresses:
        return {}
    by_agent = grouped((click for click in case.followed if click.id in case.hosted), _agent)
    found = [
        run
        for alike in by_agent.values()
        for run in _spread(alike, lambda click: prefix(click.ip), different=addresses, seconds=seconds)
    ]
    return told((run, f"from {len({prefix(click.ip) for click in run})} networks in data centres") for run in found)


def _agent(click: Click) -> str:
    return click.user_agent


def _spread(
    clicks: Sequence[Click], where: Callable[[Click], str], *, different: int, seconds: float
) -> Iterator[Sequence[Click]]:
    """The runs from so many places in some window, on as many links."""
    if len(clicks) >= different:
        for run in runs(clicks, key=where, different=different, seconds=seconds):
            if len(set(map(link_of, run))) >= different:
                yield run


def _within(case: Case, kinds: Collection[NetworkClass]) -> Findings:
    return {click_id: f"network {network}" for click_id, network in case.networks.items() if network.kind in kinds}
