"""How many links the messages of a campaign have, where no `sent` event has the number: an ESP's log.

A link counts if it was followed in several messages of a campaign that many people clicked. So links that are different
in every message do not count, and with few clicks the number is unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from clicktrail.audit.judging import message_key
from clicktrail.judge.grouping import link_key
from clicktrail.model.event import Click

MIN_MESSAGES: Final = 20
"""Clicked messages of a campaign, below which most of its links may be missing."""

_MAX_LINKS: Final = 200
"""Different links that are remembered of a campaign; few messages have half as many."""

_MAX_CAMPAIGNS: Final = 1_000


@dataclass(slots=True)
class _Campaign:
    messages: set[str] = field(default_factory=set)
    first_messages: dict[int | str, str] = field(default_factory=dict)
    shared_links: set[int | str] = field(default_factory=set)


class CampaignLinks:
    """Collects the links of campaigns from clicks in any order."""

    def __init__(self) -> None:
        self._campaigns: dict[str, _Campaign] = {}

    def add(self, click: Click) -> None:
        """Take note of a click."""
        if click.tampered or (click.campaign not in self._campaigns and len(self._campaigns) >= _MAX_CAMPAIGNS):
            return
        campaign, message, link = (
            self._campaigns.setdefault(click.campaign, _Campaign()),
            message_key(click),
            link_key(click),
        )
        if len(campaign.messages) < MIN_MESSAGES:
            campaign.messages.add(message)
        if link in campaign.first_messages:
            if campaign.first_messages[link] != message:
                campaign.shared_links.add(link)
        elif len(campaign.first_messages) < _MAX_LINKS:
            campaign.first_messages[link] = message

    def count(self) -> Mapping[str, int]:
        """The number of links by campaign; campaigns with few clicks are left out."""
        return {
            name: len(campaign.shared_links)
            for name, campaign in self._campaigns.items()
            if len(campaign.messages) >= MIN_MESSAGES
        }
