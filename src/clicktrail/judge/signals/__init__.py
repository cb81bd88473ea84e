"""One function a signal: which clicks of a message it speaks of, and what it says of each, in words.

A signal states a fact and gives no verdict; what the fact is worth stands in ``data/rules.toml``, under the same
name, with the thresholds that the function takes. Thresholds in seconds are seconds.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from clicktrail.judge.agents import AgentKind
from clicktrail.judge.case import Case
from clicktrail.judge.networks import NetworkClass
from clicktrail.judge.windows import link_of, runs
from clicktrail.model.event import Click
from clicktrail.model.verdict import is_prefetch

__all__ = ["SIGNALS", "Findings", "Signal"]

Findings = Mapping[str, str]
"""Click id to words, such as "7 links in 0.6 s", for the clicks that the signal speaks of."""

Signal = Callable[..., Findings]
"""A function of a case and, by name, of its rule's thresholds."""


def method(case: Case) -> Findings:
    """A method other than GET: a browser that follows a link sends GET (HTML Standard, section "Navigation")."""
    return {click.id: f"{click.method} request" for click in case.clicks if click.method != "GET"}


def preview_agent(case: Case) -> Findings:
    """An app that shows previews of links."""
    return _declared(case, AgentKind.PREVIEW)


def automation_agent(case: Case) -> Findings:
    """A program that says it is one."""
    return _declared(case, AgentKind.AUTOMATION)


def no_agent(case: Case) -> Findings:
    """An empty ``User-Agent``, or none, in a request to us: an ESP may only not have told us of it."""
    return {click.id: "no User-Agent" for click in case.clicks if not click.user_agent.strip() and not click.esp}


def prefetch(case: Case) -> Findings:
    """A load ahead of any click."""
    return {click.id: "loaded in advance" for click in case.clicks if is_prefetch(click)}


def tampered_token(case: Case) -> Findings:
    """A token that did not open."""
    return {click.id: "the link was changed on its way" for click in case.clicks if click.tampered}


def trap_link(case: Case) -> Findings:
    """A hidden link.

    It says nothing of other clicks: people share addresses with scanners, and who asks for one link may ask for all.
    """
    return {click.id: "followed a hidden link" for click in case.clicks if click.trap}


def esp_bot(case: Case) -> Findings:
    """An ESP's own suspicion; that it has none proves nothing."""
    return {click.id: f"{click.esp or click.source} calls it a bot" for click in case.clicks if click.esp_bot}


def mail_security_network(case: Case) -> Findings:
    """An address of a company that scans mail."""
    return _within(case, NetworkClass.MAIL_SECURITY)


def datacentre_network(case: Case) -> Findings:
    """An address of a data centre."""
    return _within(case, NetworkClass.DATACENTRE, NetworkClass.MICROSOFT, NetworkClass.GOOGLE, NetworkClass.AWS)


def fast(case: Case, *, seconds: float) -> Findings:
    """A click before the message arrived, or within so many seconds after.

    It is measured from the delivery where that is known, and else from the sending, which is earlier: a scanner may
    be missed that way, a person never accused.
    """
    arrived_at = case.timeline.arrived_at
    if arrived_at is None:
        return {}
    ages = ((click.id, (click.at - arrived_at).total_seconds()) for click in case.clicks)
    return {click_id: _age(age) for click_id, age in ages if age < seconds}


def burst(case: Case, *, links: int, seconds: float) -> Findings:
    """So many different links of the message within so many seconds, whatever addresses they were followed from."""
    found = runs(case.followed, links=links, seconds=seconds)
    return _told((run, f"{len(set(map(link_of, run)))} links in {_span(run):.1f} s") for run in found)


def all_links(case: Case, *, links: int, seconds: float) -> Findings:
    """Every link of a message that has at least so many of them, within so many seconds."""
    sent = case.timeline.sent
    if sent is None or sent.links < links:
        return {}
    found = runs(case.followed, links=sent.links, seconds=seconds)
    return _told((run, f"all {sent.links} links in {_span(run):.0f} s") for run in found)


def engaged(case: Case) -> Findings:
    """Trusted input on the landing page; that a script merely ran there proves nothing."""
    return {click.id: "pressed, scrolled or typed" for click in case.clicks if click.id in case.engaged}


SIGNALS: Final[Mapping[str, Signal]] = {
    "method": method,
    "preview-agent": preview_agent,
    "prefetch": prefetch,
    "automation-agent": automation_agent,
    "no-agent": no_agent,
    "tampered-token": tampered_token,
    "trap-link": trap_link,
    "burst": burst,
    "mail-security-network": mail_security_network,
    "esp-bot": esp_bot,
    "datacentre-network": datacentre_network,
    "fast": fast,
    "all-links": all_links,
    "engaged": engaged,
}
"""Every signal by the name of its rule."""


def _declared(case: Case, kind: AgentKind) -> Findings:
    return {click_id: f"calls itself {agent.name}" for click_id, agent in case.agents.items() if agent.kind is kind}


def _within(case: Case, *kinds: NetworkClass) -> Findings:
    return {
        click_id: f"network {network.name} AS{network.asn}"
        for click_id, network in case.networks.items()
        if network.kind in kinds
    }


def _told(runs_in_words: Iterable[tuple[Sequence[Click], str]]) -> Findings:
    return {click.id: words for run, words in runs_in_words for click in run}


def _age(seconds: float) -> str:
    if seconds < 0:
        return f"{-seconds:.1f} s before the message arrived"
    return f"{seconds:.1f} s after the message arrived"


def _span(run: Sequence[Click]) -> float:
    return (run[-1].at - run[0].at).total_seconds()
