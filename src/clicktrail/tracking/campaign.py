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
from clicktrail.rewrite.campaign import CompiledMessage, PersonalUrlBuilder
from clicktrail.tokens import KeyRing, SealedMessage, seal_token_prefix
from clicktrail.tracking.sending import MessageMetadata, make_url_sealer, make_url_tagger
from clicktrail.utm import Convention

__all__ = ["CompiledCampaign", "RenderedBodies"]

_NO_DESTINATIONS: Mapping[str, str] = MappingProxyType({})


class RenderedBodies(
    msgspec.Struct, frozen=True, kw_only=True
):  # made for each recipient, in a fourth of a tuple's time
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
        bodies_by_consent: what recipients get who have said so: with tracking URLs, or with plain links.
    """

    ring: KeyRing
    origin: str
    policy: Policy
    convention: Convention | None
    campaign: str
    medium: str
    bodies_by_consent: Mapping[Consent, CompiledMessage]

    @property
    def links(self) -> tuple[Link, ...]:
        """All links found, tracked or not, those of the HTML first."""
        return self.bodies_by_consent[Consent.GRANTED].links

    def build_link_set(self, *, created_at: datetime) -> LinkSet:
        """Where its links lead: to be kept in the registry, whose number of it `render` wants. The time is aware."""
        stored = tuple(
            StoredLink(position=position, destination=link.destination, group=link.group)
            for position, link in enumerate(self.bodies_by_consent[Consent.GRANTED].links_by_position)
        )
        return LinkSet(campaign=self.campaign, created_at=created_at, links=stored)

    def render(
        self, metadata: MessageMetadata, *, link_set_id: int, destinations: Mapping[str, str] = _NO_DESTINATIONS
    ) -> RenderedBodies:
        """The bodies for one recipient; links stay plain, with UTM parameters, for those who are not to be tracked.

        Args:
            metadata: the recipient's message. Its campaign and medium are the compiled ones, whatever it says; it has
                no short links, since nobody else gets to know where these would lead.
            link_set_id: the number that the registry gave.
            destinations: where the personal links lead, by their merge tag. The policy looks at each.

        Raises:
            ClicktrailError: a personal link has no destination.
        """
        compiled = self.bodies_by_consent[metadata.consent]
        if not self.policy.is_recipient_identified(metadata.consent):
            metadata = metadata.anonymize()
        sealed = SealedMessage(
            link_set_id=link_set_id,
            message_id=metadata.message_id,
            recipient=metadata.recipient,
            sent_at=metadata.sent_at,
        )
        beginning = f"{self.origin}/{seal_token_prefix(self.ring, sealed)}"
        urls = self._build_personal_urls(compiled, metadata, destinations) if compiled.html.personal_links else ()
        return RenderedBodies(html=compiled.html.render(beginning, urls), text=compiled.text.render(beginning))

    def _build_personal_urls(
        self, compiled: CompiledMessage, sending: MessageMetadata, destinations: Mapping[str, str]
    ) -> list[str]:
        personal = PersonalUrlBuilder(
            link_count=len(compiled.links_by_position),
            policy=self.policy.for_consent(sending.consent),
            tag_url=make_url_tagger(self.convention, campaign=self.campaign, medium=self.medium),
            make_tracking_url=make_url_sealer(
                self.ring,
                origin=self.origin,
                metadata=msgspec.structs.replace(sending, campaign=self.campaign, short_code=None),
            ),
        )
        return [
            personal.build_url(link, _find_destination(link, destinations)) for link in compiled.html.personal_links
        ]


def _find_destination(link: Link, destinations: Mapping[str, str]) -> str:
    merge_tag = link.href.strip()
    if merge_tag not in destinations:
        raise ClicktrailError(
            f"the personal link {merge_tag} has no destination", hint="give one by that merge tag for each recipient"
        )
    return destinations[merge_tag]
