"""Make tracked messages."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import ada_url

from clicktrail.errors import ClicktrailError, SettingsError
from clicktrail.model.consent import Consent
from clicktrail.model.link import Part
from clicktrail.rewrite import (
    Placed,
    Policy,
    Rewritten,
    RewrittenBody,
    Untouched,
    rewrite_html,
    rewrite_message,
    rewrite_text,
)
from clicktrail.rewrite.campaign import compile_campaign
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.dkim import DkimKey, sign, unsigned
from clicktrail.rewrite.document import rewrite_document
from clicktrail.rewrite.esp_template import EspTemplate, find_template
from clicktrail.rewrite.sensitive import SensitiveRules
from clicktrail.tokens import MAX_LINKS, KeyRing, SealedCampaign, ends, seal_campaign
from clicktrail.tracking.campaign import CompiledCampaign
from clicktrail.tracking.sending import Sending, sealing, tagging
from clicktrail.utm import Convention

__all__ = ["Tracker", "read_domain"]

# FOLDED domain.py: Read a tracking domain as it is configured.


@lru_cache(8)
def read_domain(domain: str) -> ada_url.URL:
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
        sensitive: which whole messages pass untracked; None for none.
        dkim: keys of the sender's domains. A message whose signatures are all by these domains is signed anew when it
            has been rewritten; other signed messages, and all of them without keys, pass as they are.

    Raises:
        SettingsError: the domain is not scheme, host and port of a website, or its host ends with a dot.
    """

    ring: KeyRing
    domain: str
    policy: Policy = field(default_factory=Policy)
    convention: Convention | None = None
    sensitive: SensitiveRules | None = None
    dkim: tuple[DkimKey, ...] = ()

    def __post_init__(self) -> None:
        read_domain(self.domain)

    def rewrite_message(self, raw: bytes, sending: Sending) -> Rewritten:
        """Replace the links of a message (RFC 5322). What cannot or must not be rewritten passes, with the reason.

        The message's time of sending is that of its new signatures.
        """
        if self.sensitive and self.sensitive.fitting(raw, stream=sending.stream):
            return Rewritten(raw=raw, links=(), untouched=(Untouched.SENSITIVE,))
        bare, keys = unsigned(raw, self.dkim)
        rewritten = rewrite_message(
            bare,
            policy=self._policy_for(sending),
            tagger=lambda: self._tag(sending),
            tracking_url=self._tracking_url(sending),
        )
        if rewritten.raw == bare:
            return dataclasses.replace(rewritten, raw=raw)
        for key in keys:
            rewritten = dataclasses.replace(rewritten, raw=sign(rewritten.raw, key, at=sending.sent_at))
        return rewritten

    def rewrite_document(self, content: bytes, part: Part, sending: Sending) -> Rewritten:
        """Replace the links of an HTML or text file, whose charset is found out."""
        return rewrite_document(
            content,
            part,
            policy=self._policy_for(sending),
            tag=self._tag(sending),
            tracking_url=self._tracking_url(sending),
        )

    def rewrite_html(self, html: str, sending: Sending) -> RewrittenBody:
        """Replace the links of an HTML document or fragment."""
        return rewrite_html(
            html,
            policy=self._policy_for(sending),
            tag=self._tag(sending),
            tracking_url=self._tracking_url(sending),
        )

    def rewrite_text(self, text: str, sending: Sending) -> RewrittenBody:
        """Replace the links of a plain text."""
        return rewrite_text(
            text,
            policy=self._policy_for(sending),
            tag=self._tag(sending),
            tracking_url=self._tracking_url(sending),
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
        policy = self._own_policy()
        compiled = {
            consenting: compile_campaign(
                html=html,
                text=text,
                policy=dataclasses.replace(policy, consenting=consenting),
                tag=tagging(self.convention, campaign=campaign, medium=medium),
                ends=self._ends,
            )
            for consenting in (True, False)
        }
        return CompiledCampaign(
            ring=self.ring,
            origin=read_domain(self.domain).origin,
            policy=policy,
            convention=self.convention,
            campaign=campaign,
            medium=medium,
            compiled={consent: compiled[policy.for_consent(consent).consenting] for consent in Consent},
        )

    def find_template(self, content: bytes, part: Part, sending: Sending) -> EspTemplate:
        """Find the links of a template for an ESP's editor, before there is a link set of where they lead.

        Raises:
            ClicktrailError: its charset cannot be read, or the policy lets nobody be named who has not been asked.
        """
        if not self.policy.is_personal(sending.consent):
            raise ClicktrailError(
                "a template names its recipients, and the policy does not let these be named",
                hint="send it to those alone who have agreed, and say --consent granted",
            )
        return find_template(content, part, policy=self._policy_for(sending), tag=self._tag(sending))

    def fill_template(self, template: EspTemplate, sending: Sending, *, link_set: int, merge_tag: str) -> Rewritten:
        """Replace the links of a template by tracking URLs of a link set, which the ESP completes.

        Args:
            template: its links found.
            sending: as it was when they were found.
            link_set: its number in the registry.
            merge_tag: what the ESP replaces by an opaque id of the recipient.

        Raises:
            ClicktrailError: it has more links than a link set.
        """
        last = self._ends(len(template.tracked))
        shared = SealedCampaign(link_set=link_set, message_id="", recipient="", sent_at=sending.sent_at)
        beginning = f"{read_domain(self.domain).origin}/{seal_campaign(self.ring, shared)}"
        return template.render([beginning + end for end in last], merge_tag)

    def recorded(self, sending: Sending) -> Sending:
        """The message as links and events may tell of it: see `Sending.unnamed`, if the policy names nobody."""
        return sending if self.policy.is_personal(sending.consent) else sending.unnamed()

    def _policy_for(self, sending: Sending) -> Policy:
        return self._own_policy().for_consent(sending.consent)

    def _own_policy(self) -> Policy:
        domains = self.policy.tracking_domains | {read_domain(self.domain).host}
        return dataclasses.replace(self.policy, tracking_domains=domains)

    def _tag(self, sending: Sending) -> Callable[[Candidate], str]:
        return tagging(self.convention, campaign=sending.campaign, medium=sending.medium)

    def _tracking_url(self, sending: Sending) -> Callable[[Placed], str]:
        return sealing(self.ring, origin=read_domain(self.domain).origin, sending=self.recorded(sending))

    def _ends(self, links: int) -> Sequence[str]:
        """The ends of the tokens of a link set's links.

        Raises:
            ClicktrailError: it cannot have so many.
        """
        if links > MAX_LINKS:
            raise ClicktrailError(f"there are {links:,} links, and a link set has {MAX_LINKS:,} at most")
        return ends(self.ring, links)
