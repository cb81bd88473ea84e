"""Tracker: rewrite messages and campaigns with tracking URLs."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import ada_url

from clicktrail.errors import ClicktrailError, SettingsError
from clicktrail.model.consent import Consent
from clicktrail.model.control_characters import check_no_control_characters
from clicktrail.model.link import BodyType
from clicktrail.rewrite import (
    LinkRewriter,
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
from clicktrail.tracking.message_metadata import MessageMetadata, make_url_sealer, make_url_tagger, replace_surrogates
from clicktrail.utm import Convention


@lru_cache(8)
def parse_tracking_domain(domain: str) -> ada_url.URL:
    """Parse a tracking domain: scheme, host and port of a website.

    Raises:
        SettingsError: not an http or https origin, or the host ends with a dot, so that our own links would not be
            recognised.
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
    """Rewrites messages with tracking URLs.

    Attributes:
        ring: keys that seal the links; the edge has the same ring.
        domain: tracking domain with scheme, such as ``https://links.example.com``.
        policy: decides which links are tracked. Links to the tracking domain never are.
        convention: UTM convention; None for no parameters.
        sensitive_rules: rules for messages that are not tracked at all; None for none.
        dkim_keys: keys of the sender's domains. If all signatures of a message are from these domains, it is rewritten
            and signed again; other signed messages are not changed.

    Raises:
        SettingsError: the domain is refused by `parse_tracking_domain`.
    """

    ring: KeyRing
    domain: str
    policy: Policy = field(default_factory=Policy)
    convention: Convention | None = None
    sensitive_rules: SensitiveRules | None = None
    dkim_keys: tuple[DkimKey, ...] = ()
    _origin: str = field(init=False, repr=False, compare=False)
    _policies: Mapping[Consent, Policy] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        domain = parse_tracking_domain(self.domain)
        object.__setattr__(self, "_origin", domain.origin)
        domains = self.policy.tracking_domains | {domain.host}
        policy = dataclasses.replace(self.policy, tracking_domains=domains)
        object.__setattr__(self, "_policies", {consent: policy.for_consent(consent) for consent in Consent})

    def rewrite_message(self, raw: bytes, metadata: MessageMetadata) -> RewriteResult:
        """Rewrite the links of a message (RFC 5322). Parts that cannot or must not be rewritten are kept, with reason.

        New DKIM signatures have the time ``metadata.sent_at``.
        """
        if self.sensitive_rules and self.sensitive_rules.find_rule(raw, stream=metadata.stream):
            return RewriteResult(raw=raw, links=(), skip_reasons=(SkipReason.SENSITIVE,))
        unsigned, keys = remove_own_signatures(raw, self.dkim_keys)
        result = rewrite_message(unsigned, self._build_rewriter(metadata))
        if result.raw == unsigned:
            return dataclasses.replace(result, raw=raw)
        for key in keys:
            result = dataclasses.replace(result, raw=sign(result.raw, key, signed_at=metadata.sent_at))
        return result

    def rewrite_document(self, content: bytes, body_type: BodyType, metadata: MessageMetadata) -> RewriteResult:
        """Rewrite the links of an HTML or text file; its charset is detected."""
        return rewrite_document(content, body_type, self._build_rewriter(metadata))

    def rewrite_html(self, html: str, metadata: MessageMetadata) -> RewrittenBody:
        """Rewrite the links of an HTML document or fragment."""
        return rewrite_html(html, self._build_rewriter(metadata))

    def rewrite_text(self, text: str, metadata: MessageMetadata) -> RewrittenBody:
        """Rewrite the links of a plain text."""
        return rewrite_text(text, self._build_rewriter(metadata))

    def compile(self, *, html: str = "", text: str = "", campaign: str = "", medium: str = "") -> CompiledCampaign:
        """Compile a campaign: find its links once for all recipients.

        An HTML link that is a merge tag and has ``data-clicktrail-group`` is personal: its destination is given for
        each recipient. Other merge tags are not changed. ``medium`` is one of the convention's; empty for its default.

        Raises:
            ClicktrailError: more links than a link set can hold, or the campaign has a control character.
        """
        campaign = replace_surrogates(campaign)
        check_no_control_characters("campaign", campaign)
        compiled = {
            allowed: compile_campaign(
                html=html,
                text=text,
                policy=dataclasses.replace(self._policies[Consent.GRANTED], is_tracking_allowed=allowed),
                tag_url=make_url_tagger(self.convention, campaign=campaign, medium=medium),
                make_url_suffixes=self._build_token_suffixes,
            )
            for allowed in (True, False)
        }
        return CompiledCampaign(
            ring=self.ring,
            origin=self._origin,
            policy=self._policies[Consent.GRANTED],
            convention=self.convention,
            campaign=campaign,
            medium=medium,
            bodies_by_consent={
                consent: compiled[policy.is_tracking_allowed] for consent, policy in self._policies.items()
            },
        )

    def find_template(self, content: bytes, body_type: BodyType, metadata: MessageMetadata) -> EspTemplate:
        """Find the links of a template for an ESP's editor.

        Raises:
            ClicktrailError: the charset is not supported, or the policy does not allow recipients to be identified.
        """
        if not self.policy.is_recipient_identified(metadata.consent):
            raise ClicktrailError(
                "a template identifies its recipients, and the policy does not allow that without consent",
                hint="send it only to recipients who gave consent, and pass --consent granted",
            )
        return parse_template(
            content, body_type, policy=self._policies[metadata.consent], tag_url=self._make_tagger(metadata)
        )

    def fill_template(
        self, template: EspTemplate, metadata: MessageMetadata, *, link_set_id: int, merge_tag: str
    ) -> RewriteResult:
        """Replace the links of a template with tracking URLs that the ESP completes for each recipient.

        The metadata must be as passed to `find_template`. The ESP replaces the merge tag with an opaque recipient id.

        Raises:
            ClicktrailError: more links than a link set can hold.
        """
        suffixes = self._build_token_suffixes(len(template.tracked_links))
        message = SealedMessage(link_set_id=link_set_id, message_id="", recipient="", sent_at=metadata.sent_at)
        url_prefix = f"{self._origin}/{seal_token_prefix(self.ring, message)}"
        return template.render([url_prefix + suffix for suffix in suffixes], merge_tag)

    def anonymize_if_required(self, metadata: MessageMetadata) -> MessageMetadata:
        """Return metadata for links and events: anonymised if the policy does not allow identifying the recipient."""
        return metadata if self.policy.is_recipient_identified(metadata.consent) else metadata.anonymize()

    def _make_tagger(self, metadata: MessageMetadata) -> Callable[[Candidate], str]:
        return make_url_tagger(self.convention, campaign=metadata.campaign, medium=metadata.medium)

    def _build_rewriter(self, metadata: MessageMetadata) -> LinkRewriter:
        return LinkRewriter(
            policy=self._policies[metadata.consent],
            make_url_tagger=lambda: self._make_tagger(metadata),
            make_tracking_url=make_url_sealer(
                self.ring, origin=self._origin, metadata=self.anonymize_if_required(metadata)
            ),
        )

    def _build_token_suffixes(self, link_count: int) -> Sequence[str]:
        if link_count > MAX_LINKS:
            raise ClicktrailError(f"there are {link_count:,} links, but a link set can hold only {MAX_LINKS:,}")
        return build_token_suffixes(self.ring, link_count)
