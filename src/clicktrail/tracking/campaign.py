"""A campaign whose links were found once, and that costs one token and one join for each recipient."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

import msgspec

from clicktrail.errors import ClicktrailError
from clicktrail.model.consent import Consent
from clicktrail.model.link import Link
from clicktrail.model.link_set import LinkSet, StoredLink
from clicktrail.rewrite import Policy
from clicktrail.rewrite.campaign import Campaign, PersonalUrls
from clicktrail.tokens import KeyRing, SealedCampaign, seal_campaign
from clicktrail.tracking.sending import Sending, sealing, tagging
from clicktrail.utm import Convention

__all__ = ["Bodies", "CompiledCampaign"]

_NONE: Mapping[str, str] = MappingProxyType({})


class Bodies(msgspec.Struct, frozen=True, kw_only=True):  # made for each recipient, in a fourth of a tuple's time
    """What one recipient gets.

    Attributes:
        html: empty if the campaign has none.
        text: empty if the campaign has none.
    """

    html: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledCampaign:
    """A campaign to be written out for each of its recipients. `Tracker.compile` makes it.

    Attributes:
        ring: seals the links.
        origin: of the tracking domain.
        policy: which personal links are tracked, and which recipients may be named.
        convention: the UTM parameters of personal links; those of the others are in the bodies.
        campaign: what reports group by; empty if none.
        medium: its ``utm_medium``; empty for the convention's own.
        compiled: what recipients get who have said so: with tracking URLs, or with plain links.
    """

    ring: KeyRing
    origin: str
    policy: Policy
    convention: Convention | None
    campaign: str
    medium: str
    compiled: Mapping[Consent, Campaign]

    @property
    def links(self) -> tuple[Link, ...]:
        """All links found, tracked or not, those of the HTML first."""
        return self.compiled[Consent.GRANTED].links

    def link_set(self, *, created_at: datetime) -> LinkSet:
        """Where its links lead: to be kept in the registry, whose number of it `render` wants. The time is aware."""
        stored = tuple(
            StoredLink(position=position, destination=link.destination, group=link.group)
            for position, link in enumerate(self.compiled[Consent.GRANTED].positions)
        )
        return LinkSet(campaign=self.campaign, created_at=created_at, links=stored)

    def render(self, sending: Sending, *, link_set: int, destinations: Mapping[str, str] = _NONE) -> Bodies:
        """The bodies for one recipient; links stay plain, with UTM parameters, for those who are not to be tracked.

        Args:
            sending: the recipient's message. Its campaign and medium are the compiled ones, whatever it says; it has
                no short links, since nobody else gets to know where these would lead.
            link_set: the number that the registry gave.
            destinations: where the personal links lead, by their merge tag. The policy looks at each.

        Raises:
            ClicktrailError: a personal link has no destination.
        """
        compiled = self.compiled[sending.consent]
        if not self.policy.is_personal(sending.consent):
            sending = sending.unnamed()
        sealed = SealedCampaign(
            link_set=link_set, message_id=sending.message_id, recipient=sending.recipient, sent_at=sending.sent_at
        )
        beginning = f"{self.origin}/{seal_campaign(self.ring, sealed)}"
        urls = self._personal_urls(compiled, sending, destinations) if compiled.html.personal else ()
        return Bodies(html=compiled.html.render(beginning, urls), text=compiled.text.render(beginning))

    def _personal_urls(self, compiled: Campaign, sending: Sending, destinations: Mapping[str, str]) -> list[str]:
        personal = PersonalUrls(
            links=len(compiled.positions),
            policy=self.policy.for_consent(sending.consent),
            tag=tagging(self.convention, campaign=self.campaign, medium=self.medium),
            tracking_url=sealing(
                self.ring,
                origin=self.origin,
                sending=msgspec.structs.replace(sending, campaign=self.campaign, short_code=None),
            ),
        )
        return [personal.url(link, _destination(link, destinations)) for link in compiled.html.personal]


def _destination(link: Link, destinations: Mapping[str, str]) -> str:
    merge_tag = link.href.strip()
    if merge_tag not in destinations:
        raise ClicktrailError(
            f"the personal link {merge_tag} has no destination", hint="give one by that merge tag for each recipient"
        )
    return destinations[merge_tag]
