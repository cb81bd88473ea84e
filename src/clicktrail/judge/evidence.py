"""Evidence about one message: its clicks, with what several signals need to know about each of them."""

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
"""Networks of rented computers."""

_MACHINE_NETWORK_CLASSES: Final = DATACENTRE_CLASSES | {NetworkClass.MAIL_SECURITY}


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEvidence:
    """Everything that a signal may use. Mappings are by click ID, unless stated otherwise.

    Attributes:
        clicks: all clicks on the message, in the order of time.
        followed_clicks: clicks without prefetches and tampered tokens.
        clicks_with_headers: clicks with known request headers. ESPs do not report headers, and old logs lack them.
        arrived_at: time of delivery, or of sending if the delivery is unknown; None if both are.
        link_count: number of tracked links; 0 if unknown.
        networks: known networks of the clicks' IP addresses.
        datacentre_click_ids: clicks from data centres.
        machine_network_click_ids: clicks from data centres and mail security companies, where few people read mail.
        declared_agents: programs that name themselves in ``User-Agent``.
        browsers: browsers that ``clicks_with_headers`` claim to come from.
        loaded_click_ids: clicks on whose landing page the script ran.
        engagements: first press, scroll or key on the landing page.
        clicks_by_address: clicks on other messages, by IP address, in the order of time.
        chrome_releases: Chrome's release dates.
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
        """Collect the evidence about a message."""
        clicks, engagements = timeline.clicks, timeline.engagements
        clicks_with_headers = tuple(click for click in clicks if click.headers and not click.esp)
        networks = {click.id: network for click in clicks if (network := context.networks.find(click.ip))}
        return cls(
            clicks=clicks,
            followed_clicks=tuple(click for click in clicks if not click.tampered and not is_prefetch(click)),
            clicks_with_headers=clicks_with_headers,
            arrived_at=timeline.arrived_at,
            link_count=timeline.sent.links if timeline.sent else 0,
            networks=networks,
            datacentre_click_ids=frozenset(
                click_id for click_id, network in networks.items() if network.network_class in DATACENTRE_CLASSES
            ),
            machine_network_click_ids=frozenset(
                click_id for click_id, network in networks.items() if network.network_class in _MACHINE_NETWORK_CLASSES
            ),
            declared_agents={click.id: agent for click in clicks if (agent := context.agents.find(click.user_agent))},
            browsers={
                click.id: browser for click in clicks_with_headers if (browser := parse_browser(click.user_agent))
            },
            loaded_click_ids=frozenset(event.click_id for event in engagements),
            engagements={event.click_id: event for event in reversed(engagements) if event.kind == "engaged"},
            clicks_by_address=group_by_address(address_clicks, exclude_message_id=timeline.message_id),
            chrome_releases=context.rules.chrome_releases,
        )
