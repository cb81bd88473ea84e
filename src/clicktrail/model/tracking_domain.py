"""Tracking domains: what each shows and allows, where its DNS record leads, and the results of its checks."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec

_GONE_AFTER = timedelta(days=7)
"""Each renewal that fails counts towards the CA's limits, which all domains share; a DNS fault is mended sooner."""


class TrackingDomain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the edge shows and allows on one tracking domain.

    Attributes:
        host: host name without scheme and port; empty in the default for all other hosts.
        sender: name of the sender, shown on error pages; empty to show none.
        contact: address or URL of a contact, shown on error pages; empty to show none.
        home: web URL linked from ``/``; empty for none.
        hsts_days: lifetime of HTTP Strict Transport Security in days (RFC 6797); 0 to send no such header.
        destinations: allowed hosts of destinations: exact, ``*.example.com`` for all subdomains, ``*`` for every host.
        opted_out: what is recorded of opted-out readers; empty to use the setting.
        engagement_hosts: hosts of landing pages that report engagement; empty for none; None to use the setting.
        apple_app_site_association: file to serve for iOS universal links; empty for none.
        assetlinks: file to serve for Android app links; empty for none.
    """

    host: str = ""
    sender: str = ""
    contact: str = ""
    home: str = ""
    hsts_days: Annotated[int, msgspec.Meta(ge=0)] = 0
    destinations: tuple[str, ...] = ("*",)
    opted_out: Literal["", "anonymous", "none"] = ""
    engagement_hosts: tuple[str, ...] | None = None
    apple_app_site_association: str = ""
    assetlinks: str = ""


class DomainState(msgspec.Struct, frozen=True, kw_only=True):
    """State of a tracking domain that began with a check.

    Attributes:
        since: time of the first check with this status and code.
        status: ``ok``, ``pending`` or ``failing``.
        code: code of the check that fails, or of the first that warns; empty if all pass.
        next_step: a sentence for the operator, from the latest check; empty if the status is ``ok``.
    """

    since: datetime
    status: str
    code: str = ""
    next_step: str = ""


class DomainCheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one check of all aspects of a domain found.

    Attributes:
        state: ``since`` is the time of the check.
        is_verified: whether the domain's DNS leads to its target.
        is_gone: whether the domain has no record any more; None if that is not known.
        certificate_ends_at: end of the certificate that the domain answers with; None if it answers with none.
    """

    state: DomainState
    is_verified: bool
    is_gone: bool | None
    certificate_ends_at: datetime | None = None


class RegisteredDomain(msgspec.Struct, frozen=True, kw_only=True):
    """A tracking domain in the registry.

    Attributes:
        site: what our edge shows and allows.
        added_at: time of the first ``domain add`` or import.
        esp: name of the ESP that serves the domain; empty for our edge.
        region: region of the ESP; empty for our edge.
        target: where the record must lead, if ``domain add --target`` said so; else empty.
        removed_at: time of ``domain remove``; the edge still serves the links of sent mail.
        checked_at: time of the latest check.
        verified_at: time of the first check that found that DNS leads to the target.
        gone_since: time of the first of the latest checks that all found no record.
        certificate_ends_at: end of the certificate at the latest check.
        state: since the latest change; None before the first check.
    """

    site: TrackingDomain
    added_at: datetime
    esp: str = ""
    region: str = ""
    target: str = ""
    removed_at: datetime | None = None
    checked_at: datetime | None = None
    verified_at: datetime | None = None
    gone_since: datetime | None = None
    certificate_ends_at: datetime | None = None
    state: DomainState | None = None

    @property
    def host(self) -> str:
        """Host name in lower case, in its ASCII form."""
        return self.site.host


class ServedDomain(msgspec.Struct, frozen=True, kw_only=True):
    """A tracking domain that our edge serves."""

    site: TrackingDomain
    verified_at: datetime | None = None
    gone_since: datetime | None = None

    def may_have_certificate(self, now: datetime) -> bool:
        """Whether to request certificates: the name was verified once, and has not been gone for a week."""
        return self.verified_at is not None and (self.gone_since is None or now - self.gone_since < _GONE_AFTER)
