"""One message before the judge: its clicks, and what is known about each of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clicktrail.judge.address_activity import Visit, by_address
from clicktrail.judge.networks import Network, NetworkClass
from clicktrail.judge.rules import Context
from clicktrail.judge.user_agents import Agent, Browser, Chrome, browser_of
from clicktrail.model.event import Click, Engagement
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import is_prefetch

__all__ = ["DATACENTRES", "Case"]

DATACENTRES: Final = frozenset({NetworkClass.MICROSOFT, NetworkClass.GOOGLE, NetworkClass.AWS, NetworkClass.DATACENTRE})
"""Rented computers, whoever lets them."""

_PROGRAMS: Final = DATACENTRES | {NetworkClass.MAIL_SECURITY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that a signal may look at. Every mapping is by click id.

    Attributes:
        clicks: the message's requests, in the order of time.
        followed: those for a link that we know and that is not loaded in advance.
        seen: those of whose headers we know: ESPs tell of none, and old logs hold none.
        arrived_at: when a click became possible; None where nobody told.
        links: how many tracked links the message has; 0 where nobody told.
        networks: where requests came from, for the addresses that the table has.
        hosted: the requests from data centres.
        programs: those, and the requests from companies that scan mail: hardly anyone reads mail there.
        agents: what requests declared, for those that declare anything.
        browsers: which browser requests claim to come from, of those in ``seen``.
        loaded: the clicks on whose landing page a script ran, whatever became of it.
        engaged: what the page told first of a click's visitor who pressed, scrolled or typed.
        nearby: requests on other messages by address, in the order of time.
        chrome: when which Chrome came out.
    """

    clicks: tuple[Click, ...]
    followed: tuple[Click, ...]
    seen: tuple[Click, ...]
    arrived_at: datetime | None
    links: int
    networks: Mapping[str, Network]
    hosted: frozenset[str]
    programs: frozenset[str]
    agents: Mapping[str, Agent]
    browsers: Mapping[str, Browser]
    loaded: frozenset[str]
    engaged: Mapping[str, Engagement]
    nearby: Mapping[str, Sequence[Visit]]
    chrome: Chrome

    @classmethod
    def of(cls, timeline: Timeline, context: Context, nearby: Iterable[Visit] = ()) -> "Case":
        """Look up once what several signals ask for."""
        clicks = timeline.clicks
        told = timeline.engagements
        seen = tuple(click for click in clicks if click.headers and not click.esp)
        networks = {click.id: network for click in clicks if (network := context.networks.find(click.ip))}
        return cls(
            clicks=clicks,
            followed=tuple(click for click in clicks if not click.tampered and not is_prefetch(click)),
            seen=seen,
            arrived_at=timeline.arrived_at,
            links=timeline.sent.links if timeline.sent else 0,
            networks=networks,
            hosted=frozenset(name for name, network in networks.items() if network.kind in DATACENTRES),
            programs=frozenset(name for name, network in networks.items() if network.kind in _PROGRAMS),
            agents={click.id: agent for click in clicks if (agent := context.agents.find(click.user_agent))},
            browsers={click.id: browser for click in seen if (browser := browser_of(click.user_agent))},
            loaded=frozenset(event.click_id for event in told),
            engaged={event.click_id: event for event in reversed(told) if event.kind == "engaged"},
            nearby=by_address(nearby, other_than=timeline.message_id),
            chrome=context.rules.chrome,
        )
