"""What one request says of itself, and what others say of it."""

from clicktrail.judge.evidence import Case
from clicktrail.judge.signals.base import Findings
from clicktrail.judge.user_agents import AgentKind
from clicktrail.model.verdict import is_prefetch

__all__ = [
    "automation_agent",
    "esp_bot",
    "method",
    "no_agent",
    "prefetch",
    "preview_agent",
    "tampered_token",
    "trap_link",
]


def method(case: Case) -> Findings:
    """A method other than GET: a browser that follows a link sends GET (HTML Standard, section "Navigation")."""
    return {click.id: f"{click.method} request" for click in case.clicks if click.method != "GET"}


def preview_agent(case: Case) -> Findings:
    """An app that shows previews of links."""
    return _declared(case, AgentKind.PREVIEW)


def automation_agent(case: Case) -> Findings:
    """A program that says it is one, in its agent or, where that was changed, in its client hints."""
    headless = {
        click.id: "its client hints say HeadlessChrome"
        for click in case.seen
        if "HeadlessChrome" in click.headers.get("sec-ch-ua", "")
    }
    return {**headless, **_declared(case, AgentKind.AUTOMATION)}


def no_agent(case: Case) -> Findings:
    """An empty ``User-Agent``, or none, in a request to us: an ESP may only not have told us of it."""
    ours = (click for click in case.clicks if click.source == "clicktrail" and not click.esp)
    return {click.id: "no User-Agent" for click in ours if not click.user_agent.strip()}


def prefetch(case: Case) -> Findings:
    """A load ahead of any click, unless somebody used the page then: no other request tells of that click."""
    early = (click for click in case.clicks if is_prefetch(click))
    return {click.id: "loaded in advance" for click in early if click.id not in case.engaged}


def tampered_token(case: Case) -> Findings:
    """A token that did not open."""
    return {click.id: "the link was changed on its way" for click in case.clicks if click.tampered}


def trap_link(case: Case) -> Findings:
    """A hidden link."""
    return {click.id: "followed a hidden link" for click in case.clicks if click.trap}


def esp_bot(case: Case) -> Findings:
    """An ESP's own suspicion; that it has none proves nothing."""
    return {click.id: f"{click.esp or click.source} calls it a bot" for click in case.clicks if click.esp_bot}


def _declared(case: Case, kind: AgentKind) -> Findings:
    return {click_id: f"calls itself {agent.name}" for click_id, agent in case.agents.items() if agent.kind is kind}
