"""One message before the judge: its clicks, and what is known about each of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clicktrail.judge.address_activity import AddressClick, group_by_address
from clicktrail.judge.networks import Network, NetworkClass
from clicktrail.judge.rules import Context
from clicktrail.judge.user_agents import Browser, ChromeReleases, DeclaredAgent, parse_browser
from clicktrail.model.event import Click, Engagement
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import is_prefetch

__all__ = ["DATACENTRE_CLASSES", "MessageEvidence"]

DATACENTRE_CLASSES: Final = frozenset(
    {NetworkClass.MICROSOFT, NetworkClass.GOOGLE, NetworkClass.AWS, NetworkClass.DATACENTRE}
)
"""Rented computers, whoever lets them."""

_MACHINE_NETWORK_CLASSES: Final = DATACENTRE_CLASSES | {NetworkClass.MAIL_SECURITY}


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEvidence:
    """All that a signal may look at. Every mapping is by click id.

    Attributes:
        clicks: the message's requests, in the order of time.
        followed_clicks: those for a link that we know and that is not loaded in advance.
        clicks_with_headers: those of whose headers we know: ESPs tell of none, and old logs hold none.
        arrived_at: when a click became possible; None where nobody told.
        link_count: how many tracked links the message has; 0 where nobody told.
        networks: where requests came from, for the addresses that the table has.
        datacentre_click_ids: the requests from data centres.
        machine_network_click_ids: those, and the requests from companies that scan mail: hardly anyone reads mail there.
        declared_agents: what requests declared, for those that declare anything.
        browsers: which browser requests claim to come from, of those in ``clicks_with_headers``.
        loaded_click_ids: the clicks on whose landing page a script ran, whatever became of it.
        engagements: what the page told first of a click's visitor who pressed, scrolled or typed.
        clicks_by_address: requests on other messages by address, in the order of time.
        chrome_releases: when which Chrome came out.
    """

    clicks: tuple[Click, ...]
    followed_clicks: tuple[Click, ...]
    clicks_with_headers: tuple[Click, ...]
    arrived_at: datetime | None
    link_count: int
    networks: Mapping[str, Network]
    datacentre_click_ids: frozenset[str]
    machine_network_click_ids: frozenset[str]
    declared_agents: Mapping[str, DeclaredAgent]
    browsers: Mapping[str, Browser]
    loaded_click_ids: frozenset[str]
    engagements: Mapping[str, Engagement]
    clicks_by_address: Mapping[str, Sequence[AddressClick]]
    chrome_releases: ChromeReleases

    @classmethod
    def from_timeline(
        cls, timeline: Timeline, context: Context, address_clicks: Iterable[AddressClick] = ()
    ) -> "MessageEvidence":
        """Look up once what several signals ask for."""
        clicks = timeline.clicks
        told = timeline.engagements
        seen = tuple(click for click in clicks if click.headers and not click.esp)
        networks = {click.id: network for click in clicks if (network := context.networks.find(click.ip))}
        return cls(
            clicks=clicks,
            followed_clicks=tuple(click for click in clicks if not click.tampered and not is_prefetch(click)),
            clicks_with_headers=seen,
            arrived_at=timeline.arrived_at,
            link_count=timeline.sent.links if timeline.sent else 0,
            networks=networks,
            datacentre_click_ids=frozenset(
                name for name, network in networks.items() if network.network_class in DATACENTRE_CLASSES
            ),
            machine_network_click_ids=frozenset(
                name for name, network in networks.items() if network.network_class in _MACHINE_NETWORK_CLASSES
            ),
            declared_agents={click.id: agent for click in clicks if (agent := context.agents.find(click.user_agent))},
            browsers={click.id: browser for click in seen if (browser := parse_browser(click.user_agent))},
            loaded_click_ids=frozenset(event.click_id for event in told),
            engagements={event.click_id: event for event in reversed(told) if event.kind == "engaged"},
            clicks_by_address=group_by_address(address_clicks, exclude_message_id=timeline.message_id),
            chrome_releases=context.rules.chrome_releases,
        )
