"""Signals from a single request: its method, User-Agent, prefetch headers, token and link, and the ESP's bot flag."""

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
    """Match methods other than GET; browsers follow links with GET (HTML Standard, section "Navigation")."""
    return {click.id: f"{click.method} request" for click in evidence.clicks if click.method != "GET"}


def preview_user_agent(evidence: MessageEvidence) -> SignalMatches:
    """Match apps that show link previews."""
    return _match_declared_agents(evidence, AgentKind.PREVIEW)


def automation_user_agent(evidence: MessageEvidence) -> SignalMatches:
    """Match programs that identify themselves in ``User-Agent``, or headless Chrome in its client hints."""
    headless = {
        click.id: "client hints say HeadlessChrome"
        for click in evidence.clicks_with_headers
        if "HeadlessChrome" in click.headers.get("sec-ch-ua", "")
    }
    return {**headless, **_match_declared_agents(evidence, AgentKind.AUTOMATION)}


def no_user_agent(evidence: MessageEvidence) -> SignalMatches:
    """Match our own clicks without ``User-Agent``; an ESP may leave it out of its events."""
    own_clicks = (click for click in evidence.clicks if click.source == "clicktrail" and not click.esp)
    return {click.id: "no User-Agent" for click in own_clicks if not click.user_agent.strip()}


def prefetch(evidence: MessageEvidence) -> SignalMatches:
    """Match prefetches, unless the page saw engagement: then the browser showed the prefetched page after a click."""
    prefetches = (click for click in evidence.clicks if is_prefetch(click))
    return {click.id: "prefetched by the browser" for click in prefetches if click.id not in evidence.engagements}


def tampered_token(evidence: MessageEvidence) -> SignalMatches:
    """Match clicks whose token could not be opened."""
    return {click.id: "the link's token was tampered with" for click in evidence.clicks if click.tampered}


def trap_link(evidence: MessageEvidence) -> SignalMatches:
    """Match clicks on hidden links."""
    return {click.id: "followed a hidden link" for click in evidence.clicks if click.trap}


def esp_bot(evidence: MessageEvidence) -> SignalMatches:
    """Match clicks that the ESP flagged as a bot's."""
    return {click.id: f"{click.esp or click.source} flagged it as a bot" for click in evidence.clicks if click.esp_bot}


def _match_declared_agents(evidence: MessageEvidence, kind: AgentKind) -> SignalMatches:
    return {
        click_id: f"calls itself {agent.name}"
        for click_id, agent in evidence.declared_agents.items()
        if agent.kind is kind
    }
