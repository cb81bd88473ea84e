"""Replace the links of messages by sealed ones: all that a program needs that sends its mail itself."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from operator import attrgetter

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
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.dkim import DkimKey, sign, unsigned
from clicktrail.rewrite.document import rewrite_document
from clicktrail.rewrite.esp_template import EspTemplate, find_template
from clicktrail.rewrite.sensitive import SensitiveRules
from clicktrail.tokens import (
    MAX_LINKS,
    MAX_SHORT_LINKS,
    KeyRing,
    Sealed,
    SealedCampaign,
    ends,
    seal,
    seal_campaign,
    short_token,
)
from clicktrail.utm import Convention, Tagger

__all__ = ["LONGEST_TOKEN", "Sending", "Tracker"]

LONGEST_TOKEN = 2_000
"""Characters of a sealed token. Outlook on Windows opens no URL of more than 2,083, WinINet's
INTERNET_MAX_URL_LENGTH."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What the links of one message carry beside where they lead.

    Attributes:
        message_id: an id of the caller's choice, another for each message.
        sent_at: aware; goes into the links in whole seconds.
        recipient: an address or, better, an opaque id; empty if the message goes to several.
        campaign: what reports group by, and what the convention puts into the links; empty if none.
        stream: what kind of message it is, such as ``password-reset``; empty if not said.
        medium: its ``utm_medium``, one of the convention's; empty for the convention's own.
        consent: whether the recipient has agreed to being tracked.
        anonymous_id: takes the place of ``message_id`` where the recipient must stay unknown: random, another for each
            message, and kept nowhere beside either. Empty, and clicks belong to no message: they are neither judged
            nor counted.
        short_code: `CODE_BITS` random bits, another for each message, whose links the caller keeps where the edge looks
            them up: then tracking URLs that a reader sees, or that would be too long, are short. None for none.
    """

    message_id: str
    sent_at: datetime
    recipient: str = ""
    campaign: str = ""
    stream: str = ""
    medium: str = ""
    consent: Consent = Consent.UNKNOWN
    anonymous_id: str = ""
    short_code: int | None = None


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
        SettingsError: the domain is no http or https URL.
    """

    ring: KeyRing
    domain: str
    policy: Policy = field(default_factory=Policy)
    convention: Convention | None = None
    sensitive: SensitiveRules | None = None
    dkim: tuple[DkimKey, ...] = ()

    def __post_init__(self) -> None:
        _parsed(self.domain)

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
            html, policy=self._policy_for(sending), tag=self._tag(sending), tracking_url=self._tracking_url(sending)
        )

    def rewrite_text(self, text: str, sending: Sending) -> RewrittenBody:
        """Replace the links of a plain text."""
        return rewrite_text(
            text, policy=self._policy_for(sending), tag=self._tag(sending), tracking_url=self._tracking_url(sending)
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
        links = len(template.tracked)
        if links > MAX_LINKS:
            raise ClicktrailError(f"the template has {links:,} links, and a link set {MAX_LINKS:,} at most")
        shared = SealedCampaign(link_set=link_set, message_id="", recipient="", sent_at=sending.sent_at)
        beginning = f"{_parsed(self.domain).origin}/{seal_campaign(self.ring, shared)}"
        return template.render([beginning + end for end in ends(self.ring, links)], merge_tag)

    def recorded(self, sending: Sending) -> Sending:
        """The message as links and events may tell of it: without the recipient, if they are not to be known by name.

        Then its id is the anonymous one, and of the time only the hour is left: the mail server's log tells who got a
        message in a certain second.
        """
        if self.policy.is_personal(sending.consent):
            return sending
        hour = sending.sent_at.replace(minute=0, second=0, microsecond=0)
        return dataclasses.replace(sending, message_id=sending.anonymous_id, recipient="", sent_at=hour)

    def _policy_for(self, sending: Sending) -> Policy:
        policy = self.policy.for_consent(sending.consent)
        return dataclasses.replace(policy, tracking_domains=policy.tracking_domains | {_parsed(self.domain).host})

    def _tag(self, sending: Sending) -> Callable[[Candidate], str]:
        if self.convention is None:
            return attrgetter("url")
        tagger = Tagger(self.convention.of_medium(sending.medium), campaign=sending.campaign)
        return lambda link: tagger.tag(link.url, location=link.location, element=link.element, label=link.label)

    def _tracking_url(self, sending: Sending) -> Callable[[Placed], str]:
        sending, code = self.recorded(sending), sending.short_code
        origin = _parsed(self.domain).origin

        def short_url(position: int) -> str:
            return "" if code is None or position >= MAX_SHORT_LINKS else f"{origin}/{short_token(code, position)}"

        def tracking_url(placed: Placed) -> str:
            if placed.part is Part.TEXT and (short := short_url(placed.position)):
                return short
            sealed = Sealed(
                destination=placed.destination,
                message_id=sending.message_id,
                recipient=sending.recipient,
                campaign=sending.campaign,
                position=placed.position,
                links=placed.links,
                sent_at=sending.sent_at,
                group=placed.group,
            )
            token = seal(self.ring, sealed)
            if len(token) <= LONGEST_TOKEN:
                return f"{origin}/{token}"
            return short_url(placed.position)

        return tracking_url


@lru_cache(8)
def _parsed(domain: str) -> ada_url.URL:
    """The domain as a URL parser reads it: its host in lower case, an IDN in its ASCII form.

    Raises:
        SettingsError: it is no http or https URL.
    """
    try:
        parsed = ada_url.URL(domain)
    except ValueError:
        parsed = None
    if parsed is None or parsed.protocol not in {"http:", "https:"}:
        raise SettingsError(
            f"the tracking domain is '{domain}'", hint="write scheme and host: https://links.example.com"
        )
    return parsed
