"""Make tracked messages."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import ada_url

from clicktrail.errors import ClicktrailError, SettingsError
from clicktrail.model.consent import Consent
from clicktrail.model.link import BodyType
from clicktrail.rewrite import (
    NumberedLink,
    Policy,
    RewriteResult,
    RewrittenBody,
    SkipReason,
    rewrite_html,
    rewrite_message,
    rewrite_text,
)
from clicktrail.rewrite.campaign import compile_campaign
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.dkim import DkimKey, remove_own_signatures, sign
from clicktrail.rewrite.document import rewrite_document
from clicktrail.rewrite.esp_template import EspTemplate, parse_template
from clicktrail.rewrite.sensitive import SensitiveRules
from clicktrail.tokens import MAX_LINKS, KeyRing, SealedMessage, build_token_suffixes, seal_token_prefix
from clicktrail.tracking.campaign import CompiledCampaign
from clicktrail.tracking.sending import MessageMetadata, make_url_sealer, make_url_tagger
from clicktrail.utm import Convention

__all__ = ["Tracker", "parse_tracking_domain"]

# FOLDED domain.py: Read a tracking domain as it is configured.


@lru_cache(8)
def parse_tracking_domain(domain: str) -> ada_url.URL:
    """The domain as a URL parser reads it: its host in lower case, an IDN in its ASCII form.

    Raises:
        SettingsError: it is no http or https URL, has more than scheme, host and port, or a dot at the host's end: its
            own links would not be known again.
    """
    try:
        parsed = ada_url.URL(domain)
    except ValueError:
        parsed = None
    if (
        parsed is None
        or parsed.protocol not in {"http:", "https:"}
        or parsed.href != f"{parsed.origin}/"
        or parsed.hostname.endswith(".")
    ):
        raise SettingsError(
            f"the tracking domain is '{domain}'", hint="write scheme and host: https://links.example.com"
        )
    return parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracker:
    """Makes tracked messages.

    Attributes:
        ring: seals the links. Who redirects them has the same.
        domain: the tracking domain with its scheme, such as ``https://links.example.com``.
        policy: which links are tracked. Those that lead to the domain already never are.
        convention: the UTM parameters and the hosts that get them; None for none.
        sensitive_rules: which whole messages pass untracked; None for none.
        dkim_keys: keys of the sender's domains. A message whose signatures are all by these domains is signed anew when it
            has been rewritten; other signed messages, and all of them without keys, pass as they are.

    Raises:
        SettingsError: the domain is not scheme, host and port of a website, or its host ends with a dot.
    """

    ring: KeyRing
    domain: str
    policy: Policy = field(default_factory=Policy)
    convention: Convention | None = None
    sensitive_rules: SensitiveRules | None = None
    dkim_keys: tuple[DkimKey, ...] = ()

    def __post_init__(self) -> None:
        parse_tracking_domain(self.domain)

    def rewrite_message(self, raw: bytes, metadata: MessageMetadata) -> RewriteResult:
        """Replace the links of a message (RFC 5322). What cannot or must not be rewritten passes, with the reason.

        The message's time of sending is that of its new signatures.
        """
        if self.sensitive_rules and self.sensitive_rules.find_rule(raw, stream=metadata.stream):
            return RewriteResult(raw=raw, links=(), skip_reasons=(SkipReason.SENSITIVE,))
        bare, keys = remove_own_signatures(raw, self.dkim_keys)
        rewritten = rewrite_message(
            bare,
            policy=self._apply_consent(metadata),
            make_url_tagger=lambda: self._make_tagger(metadata),
            make_tracking_url=self._make_sealer(metadata),
        )
        if rewritten.raw == bare:
            return dataclasses.replace(rewritten, raw=raw)
        for key in keys:
            rewritten = dataclasses.replace(rewritten, raw=sign(rewritten.raw, key, signed_at=metadata.sent_at))
        return rewritten

    def rewrite_document(self, content: bytes, body_type: BodyType, metadata: MessageMetadata) -> RewriteResult:
        """Replace the links of an HTML or text file, whose charset is found out."""
        return rewrite_document(
            content,
            body_type,
            policy=self._apply_consent(metadata),
            tag_url=self._make_tagger(metadata),
            make_tracking_url=self._make_sealer(metadata),
        )

    def rewrite_html(self, html: str, metadata: MessageMetadata) -> RewrittenBody:
        """Replace the links of an HTML document or fragment."""
        return rewrite_html(
            html,
            policy=self._apply_consent(metadata),
            tag_url=self._make_tagger(metadata),
            make_tracking_url=self._make_sealer(metadata),
        )

    def rewrite_text(self, text: str, metadata: MessageMetadata) -> RewrittenBody:
        """Replace the links of a plain text."""
        return rewrite_text(
            text,
            policy=self._apply_consent(metadata),
            tag_url=self._make_tagger(metadata),
            make_tracking_url=self._make_sealer(metadata),
        )

    def compile(self, *, html: str = "", text: str = "", campaign: str = "", medium: str = "") -> CompiledCampaign:
        """Find the links of a campaign once, for all of its recipients.

        Args:
            html: its HTML body. A link that is a merge tag and has ``data-clicktrail-group`` is personal: each
                recipient has a destination of their own for it. Other merge tags stay as they are.
            text: its plain-text body.
            campaign: what reports group by; empty if none.
            medium: its ``utm_medium``, one of the convention's; empty for the convention's own.

        Raises:
            ClicktrailError: it has more links than a link set.
        """
        policy = self._exclude_own_domain()
        compiled = {
            consenting: compile_campaign(
                html=html,
                text=text,
                policy=dataclasses.replace(policy, is_tracking_allowed=consenting),
                tag_url=make_url_tagger(self.convention, campaign=campaign, medium=medium),
                make_url_suffixes=self._build_token_suffixes,
            )
            for consenting in (True, False)
        }
        return CompiledCampaign(
            ring=self.ring,
            origin=parse_tracking_domain(self.domain).origin,
            policy=policy,
            convention=self.convention,
            campaign=campaign,
            medium=medium,
            bodies_by_consent={
                consent: compiled[policy.for_consent(consent).is_tracking_allowed] for consent in Consent
            },
        )

    def find_template(self, content: bytes, body_type: BodyType, metadata: MessageMetadata) -> EspTemplate:
        """Find the links of a template for an ESP's editor, before there is a link set of where they lead.

        Raises:
            ClicktrailError: its charset cannot be read, or the policy lets nobody be named who has not been asked.
        """
        if not self.policy.is_recipient_identified(metadata.consent):
            raise ClicktrailError(
                "a template names its recipients, and the policy does not let these be named",
                hint="send it to those alone who have agreed, and say --consent granted",
            )
        return parse_template(
            content, body_type, policy=self._apply_consent(metadata), tag_url=self._make_tagger(metadata)
        )

    def fill_template(
        self, template: EspTemplate, metadata: MessageMetadata, *, link_set_id: int, merge_tag: str
    ) -> RewriteResult:
        """Replace the links of a template by tracking URLs of a link set, which the ESP completes.

        Args:
            template: its links found.
            metadata: as it was when they were found.
            link_set_id: its number in the registry.
            merge_tag: what the ESP replaces by an opaque id of the recipient.

        Raises:
            ClicktrailError: it has more links than a link set.
        """
        last = self._build_token_suffixes(len(template.tracked_links))
        shared = SealedMessage(link_set_id=link_set_id, message_id="", recipient="", sent_at=metadata.sent_at)
        beginning = f"{parse_tracking_domain(self.domain).origin}/{seal_token_prefix(self.ring, shared)}"
        return template.render([beginning + end for end in last], merge_tag)

    def anonymize_if_required(self, metadata: MessageMetadata) -> MessageMetadata:
        """The message as links and events may tell of it: see `Sending.unnamed`, if the policy names nobody."""
        return metadata if self.policy.is_recipient_identified(metadata.consent) else metadata.anonymize()

    def _apply_consent(self, metadata: MessageMetadata) -> Policy:
        return self._exclude_own_domain().for_consent(metadata.consent)

    def _exclude_own_domain(self) -> Policy:
        domains = self.policy.tracking_domains | {parse_tracking_domain(self.domain).host}
        return dataclasses.replace(self.policy, tracking_domains=domains)

    def _make_tagger(self, metadata: MessageMetadata) -> Callable[[Candidate], str]:
        return make_url_tagger(self.convention, campaign=metadata.campaign, medium=metadata.medium)

    def _make_sealer(self, metadata: MessageMetadata) -> Callable[[NumberedLink], str]:
        return make_url_sealer(
            self.ring, origin=parse_tracking_domain(self.domain).origin, metadata=self.anonymize_if_required(metadata)
        )

    def _build_token_suffixes(self, link_count: int) -> Sequence[str]:
        """The ends of the tokens of a link set's links.

        Raises:
            ClicktrailError: it cannot have so many.
        """
        if link_count > MAX_LINKS:
            raise ClicktrailError(f"there are {link_count:,} links, and a link set has {MAX_LINKS:,} at most")
        return build_token_suffixes(self.ring, link_count)
