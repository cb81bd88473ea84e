"""Replace the links of messages by sealed ones: all that a program needs that sends its mail itself."""

import dataclasses
from collections.abc import Callable
from datetime import datetime

import ada_url

from clicktrail.errors import SettingsError
from clicktrail.rewrite import Placed, Policy, Rewritten, RewrittenBody, rewrite_html, rewrite_message, rewrite_text
from clicktrail.tokens import KeyRing, Sealed, seal
from clicktrail.utm import Convention, tag

__all__ = ["Tracker"]


class Tracker:
    """Makes tracked messages.

    What the methods have in common: ``message_id`` is an id of the caller's choice, one for each message and
    recipient; ``sent_at`` is aware and goes into the links in whole seconds; ``recipient`` is an address or, better,
    an opaque id; ``campaign`` is what reports group by, and what the convention puts into the links.

    Args:
        ring: seals the links. Who redirects them has the same.
        domain: the tracking domain with its scheme, such as ``https://links.example.com``.
        policy: which links are tracked. Those that lead to the domain already never are.
        convention: the UTM parameters and the hosts that get them; None for none.

    Raises:
        SettingsError: the domain is no http or https URL.
    """

    def __init__(
        self, *, ring: KeyRing, domain: str, policy: Policy | None = None, convention: Convention | None = None
    ) -> None:
        policy = policy or Policy()
        self._ring = ring
        url = _parsed(domain)
        self._domain = url.origin
        self._policy = dataclasses.replace(policy, tracking_domains=policy.tracking_domains | {url.host})
        self._convention = convention

    def rewrite_message(
        self, raw: bytes, *, message_id: str, sent_at: datetime, recipient: str = "", campaign: str = ""
    ) -> Rewritten:
        """Replace the links of a whole message (RFC 5322). What cannot be rewritten passes, with the reason."""
        return rewrite_message(
            raw,
            policy=self._policy,
            tag=self._tag(campaign),
            tracking_url=self._seal(message_id=message_id, sent_at=sent_at, recipient=recipient, campaign=campaign),
        )

    def rewrite_html(
        self, html: str, *, message_id: str, sent_at: datetime, recipient: str = "", campaign: str = ""
    ) -> RewrittenBody:
        """Replace the links of an HTML document or fragment."""
        return rewrite_html(
            html,
            policy=self._policy,
            tag=self._tag(campaign),
            tracking_url=self._seal(message_id=message_id, sent_at=sent_at, recipient=recipient, campaign=campaign),
        )

    def rewrite_text(
        self, text: str, *, message_id: str, sent_at: datetime, recipient: str = "", campaign: str = ""
    ) -> RewrittenBody:
        """Replace the links of a plain text."""
        return rewrite_text(
            text,
            policy=self._policy,
            tag=self._tag(campaign),
            tracking_url=self._seal(message_id=message_id, sent_at=sent_at, recipient=recipient, campaign=campaign),
        )

    def _tag(self, campaign: str) -> Callable[[str], str]:
        convention = self._convention
        if convention is None:
            return lambda url: url
        parameters = convention.parameters(campaign=campaign)
        return lambda url: tag(url, parameters, convention.own_hosts, existing=convention.existing)

    def _seal(self, *, message_id: str, sent_at: datetime, recipient: str, campaign: str) -> Callable[[Placed], str]:
        def tracking_url(placed: Placed) -> str:
            sealed = Sealed(
                destination=placed.destination,
                message_id=message_id,
                recipient=recipient,
                campaign=campaign,
                position=placed.position,
                links=placed.links,
                sent_at=sent_at,
            )
            return f"{self._domain}/{seal(self._ring, sealed)}"

        return tracking_url


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
