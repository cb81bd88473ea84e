"""One message before the judge: its clicks, and what is known about each of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from clicktrail.judge.agents import Agent
from clicktrail.judge.context import Context
from clicktrail.judge.networks import Network
from clicktrail.judge.visits import Visit, by_address
from clicktrail.model.event import Click
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import is_prefetch

__all__ = ["Case"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that a signal may look at. Every mapping is by click id.

    Attributes:
        timeline: the message's events.
        clicks: its requests, in the order of time.
        followed: those for a link that we know and that is not loaded in advance.
        networks: where requests came from, for the addresses that the table has.
        agents: what requests declared, for those that declare anything.
        engaged: the clicks whose visitor pressed, scrolled or typed.
        nearby: requests on other messages by address, in the order of time.
    """

    timeline: Timeline
    clicks: tuple[Click, ...]
    followed: tuple[Click, ...]
    networks: Mapping[str, Network]
    agents: Mapping[str, Agent]
    engaged: frozenset[str]
    nearby: Mapping[str, Sequence[Visit]]

    @classmethod
    def of(cls, timeline: Timeline, context: Context, nearby: Iterable[Visit] = ()) -> "Case":
        """Look up once what several signals ask for."""
        clicks = timeline.clicks
        networks = ((click.id, context.networks.find(click.ip)) for click in clicks)
        agents = ((click.id, context.agents.find(click.user_agent)) for click in clicks)
        return cls(
            timeline=timeline,
            clicks=clicks,
            followed=tuple(click for click in clicks if not click.tampered and not is_prefetch(click)),
            networks={click_id: network for click_id, network in networks if network},
            agents={click_id: agent for click_id, agent in agents if agent},
            engaged=frozenset(event.click_id for event in timeline.engagements if event.kind == "engaged"),
            nearby=by_address(nearby, other_than=timeline.message_id),
        )
