"""What one request says of itself, and what others say of it."""

from clicktrail.judge.evidence import MessageEvidence
from clicktrail.judge.signals.base import SignalMatches
from clicktrail.judge.user_agents import AgentKind
from clicktrail.model.verdict import is_prefetch

__all__ = [
    "automation_user_agent",
    "esp_bot",
    "no_user_agent",
    "non_get_method",
    "prefetch",
    "preview_user_agent",
    "tampered_token",
    "trap_link",
]


def non_get_method(evidence: MessageEvidence) -> SignalMatches:
    """A method other than GET: a browser that follows a link sends GET (HTML Standard, section "Navigation")."""
    return {click.id: f"{click.method} request" for click in evidence.clicks if click.method != "GET"}


def preview_user_agent(evidence: MessageEvidence) -> SignalMatches:
    """An app that shows previews of links."""
    return _match_declared_agents(evidence, AgentKind.PREVIEW)


def automation_user_agent(evidence: MessageEvidence) -> SignalMatches:
    """A program that says it is one, in its agent or, where that was changed, in its client hints."""
    headless = {
        click.id: "its client hints say HeadlessChrome"
        for click in evidence.clicks_with_headers
        if "HeadlessChrome" in click.headers.get("sec-ch-ua", "")
    }
    return {**headless, **_match_declared_agents(evidence, AgentKind.AUTOMATION)}


def no_user_agent(evidence: MessageEvidence) -> SignalMatches:
    """An empty ``User-Agent``, or none, in a request to us: an ESP may only not have told us of it."""
    ours = (click for click in evidence.clicks if click.source == "clicktrail" and not click.esp)
    return {click.id: "no User-Agent" for click in ours if not click.user_agent.strip()}


def prefetch(evidence: MessageEvidence) -> SignalMatches:
    """A load ahead of any click, unless somebody used the page then: no other request tells of that click."""
    early = (click for click in evidence.clicks if is_prefetch(click))
    return {click.id: "loaded in advance" for click in early if click.id not in evidence.engagements}


def tampered_token(evidence: MessageEvidence) -> SignalMatches:
    """A token that did not open."""
    return {click.id: "the link was changed on its way" for click in evidence.clicks if click.tampered}


def trap_link(evidence: MessageEvidence) -> SignalMatches:
    """A hidden link."""
    return {click.id: "followed a hidden link" for click in evidence.clicks if click.trap}


def esp_bot(evidence: MessageEvidence) -> SignalMatches:
    """An ESP's own suspicion; that it has none proves nothing."""
    return {click.id: f"{click.esp or click.source} calls it a bot" for click in evidence.clicks if click.esp_bot}


def _match_declared_agents(evidence: MessageEvidence, kind: AgentKind) -> SignalMatches:
    return {
        click_id: f"calls itself {agent.name}"
        for click_id, agent in evidence.declared_agents.items()
        if agent.kind is kind
    }
