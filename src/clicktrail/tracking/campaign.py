"""Compiled campaigns: links are found once; each recipient costs one token and one join."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

import msgspec

from clicktrail.errors import ClicktrailError
from clicktrail.model.consent import Consent
from clicktrail.model.link import Link
from clicktrail.model.link_set import LinkSet, StoredLink
from clicktrail.rewrite import LinkRewriter, Policy
from clicktrail.rewrite.campaign import CompiledMessage, build_personal_urls
from clicktrail.tokens import KeyRing, SealedMessage, seal_token_prefix
from clicktrail.tracking.message_metadata import MessageMetadata, make_url_sealer, make_url_tagger
from clicktrail.utm import Convention

_NO_DESTINATIONS: Mapping[str, str] = MappingProxyType({})


class RenderedBodies(msgspec.Struct, frozen=True, kw_only=True):
    """Bodies for one recipient; empty where the campaign has none."""

    html: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledCampaign:
    """A campaign that can be rendered for each recipient. `Tracker.compile` creates it.

    Attributes:
        policy: decides which personal links are tracked, and whether recipients are identified.
        convention: UTM convention for personal links; other links already have their parameters.
        campaign: campaign for reports; empty if none.
        medium: ``utm_medium`` of the campaign; empty for the convention's default.
        bodies_by_consent: bodies with tracking URLs or, where tracking is not allowed, with plain links.
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
        """All links, tracked or not; links of the HTML body first."""
        return self.bodies_by_consent[Consent.GRANTED].links

    def build_link_set(self, *, created_at: datetime) -> LinkSet:
        """Build the link set to store in the registry, which returns the id that `render` needs."""
        links = tuple(
            StoredLink(position=position, destination=link.destination, group=link.group, is_trap=link.is_trap)
            for position, link in enumerate(self.bodies_by_consent[Consent.GRANTED].links_by_position)
        )
        return LinkSet(campaign=self.campaign, created_at=created_at, links=links)

    def render(
        self, metadata: MessageMetadata, *, link_set_id: int, destinations: Mapping[str, str] = _NO_DESTINATIONS
    ) -> RenderedBodies:
        """Render the bodies for one recipient. Without consent, links are plain but have UTM parameters.

        Campaign and medium of the metadata are ignored in favour of the compiled ones, and so is its short code.
        ``destinations`` has those of personal links by merge tag; the policy decides on each.

        Raises:
            ClicktrailError: a personal link has no destination.
        """
        compiled = self.bodies_by_consent[metadata.consent]
        if not self.policy.is_recipient_identified(metadata.consent):
            metadata = metadata.anonymize()
        message = SealedMessage(
            link_set_id=link_set_id,
            message_id=metadata.message_id,
            recipient=metadata.recipient,
            sent_at=metadata.sent_at,
        )
        url_prefix = f"{self.origin}/{seal_token_prefix(self.ring, message)}"
        urls = self._build_personal_urls(compiled, metadata, destinations) if compiled.html.personal_links else ()
        return RenderedBodies(html=compiled.html.render(url_prefix, urls), text=compiled.text.render(url_prefix))

    def _build_personal_urls(
        self, compiled: CompiledMessage, metadata: MessageMetadata, destinations: Mapping[str, str]
    ) -> list[str]:
        rewriter = LinkRewriter(
            policy=self.policy.for_consent(metadata.consent),
            make_url_tagger=lambda: make_url_tagger(self.convention, campaign=self.campaign, medium=self.medium),
            make_tracking_url=make_url_sealer(
                self.ring,
                origin=self.origin,
                metadata=msgspec.structs.replace(metadata, campaign=self.campaign, short_code=None),
            ),
        )
        links = compiled.html.personal_links
        return build_personal_urls(
            links,
            [_find_destination(link, destinations) for link in links],
            link_count=len(compiled.links_by_position),
            rewriter=rewriter,
        )


def _find_destination(link: Link, destinations: Mapping[str, str]) -> str:
    merge_tag = link.href.strip()
    if merge_tag not in destinations:
        raise ClicktrailError(
            f"the personal link {merge_tag} has no destination",
            hint="pass a destination for this merge tag for each recipient",
        )
    return destinations[merge_tag]
