"""Decide which links are tracked, and say why the others are not."""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from clicktrail.config_text import decode_toml
from clicktrail.model.consent import Consent, UnknownConsentAction
from clicktrail.model.hosts import check_host_patterns, is_host_listed
from clicktrail.model.link import LinkReason, LinkWarning, Location
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.link_purpose import classify_purpose, has_keyword, identify_wrapper, is_sensitive, is_social
from clicktrail.rewrite.url import ParsedUrl, parse_url

__all__ = [
    "TRACKED_DECISION",
    "LinkDecision",
    "PlainTextMode",
    "Policy",
    "Preset",
    "VisibleUrlMode",
    "build_preset_policy",
    "find_opt_out",
    "parse_policy",
    "parse_visible_host",
    "shares_domain",
]

# FOLDED opting_out.py: Know the words by which a tag asks not to be tracked: our own, and those of other
# senders' products.

_OPT_OUT_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "data-clicktrail": ("off", "no", "false", "0"),
    "clicktracking": ("off",),  # SendGrid and Klaviyo, "Click Tracking"
    "disable-tracking": ("true",),  # Mailgun, "Tracking clicks"
    "data-pm-no-track": (),  # Postmark, "Link tracking", section "Excluding links"
    "ses:no-track": (),  # Amazon SES, "Email sending metrics FAQs", "Can I disable click tracking for a link?"
    "mc:disable-tracking": (),  # Mailchimp, "Enable and view click tracking"
    "mautic:disable-tracking": ("true", ""),  # Mautic, "Emails", section "Disable tracking"
    "data-msys-clicktrack": ("0",),  # SparkPost, "Disabling click tracking on individual links"
}
"""Attributes with the values that opt out; none where the attribute's presence is enough."""

_OPT_OUT_CLASS = "untracked"  # Customer.io, "Link tracking"
_OPT_OUT_SCHEME = re.compile(r"https?+\+notrack:", re.ASCII | re.IGNORECASE)  # Postal, "Click and open tracking"


def find_opt_out(candidate: Candidate) -> str:
    """The word by which a link opts out; empty if it does not."""
    attributes = candidate.attributes
    if not _OPT_OUT_ATTRIBUTES.keys().isdisjoint(attributes):
        for name, values in _OPT_OUT_ATTRIBUTES.items():
            if name in attributes and (not values or attributes[name].strip().lower() in values):
                return name
    if "class" in attributes and _OPT_OUT_CLASS in attributes["class"].lower().split():
        return f"class={_OPT_OUT_CLASS}"
    scheme = _OPT_OUT_SCHEME.match(candidate.url)
    return scheme[0].lower() if scheme else ""


# FOLDED visible.py: Look at links whose text is itself a URL: one that shows an address and leads by another
# looks like phishing.

_VISIBLE_URL = re.compile(
    r"(?:https?://)?(?P<host>(?:[\w-]+\.)+[a-z]{2,})(?::\d+)?(?:[/?#]\S*)?|https?://(?P<other>[^\s/?#:]+)\S*",
    re.IGNORECASE,
)
_MIN_OWNED_LABEL_CHARS = 4


def parse_visible_host(label: str) -> str:
    """The host of the URL that a link's text is, lower case; empty if the text is none."""
    if "." not in label:
        return ""
    found = _VISIBLE_URL.fullmatch(label)
    return (found["host"] or found["other"]).lower() if found else ""


def shares_domain(host: str, tracking_domains: Iterable[str]) -> bool:
    """Whether a tracking domain is the shown host's, or one beside or below it.

    A tracking domain is a name below its sender's own: what is left without its first label is the sender's. Two short
    labels, such as ``co.uk``, are nobody's own.
    """
    for domain in tracking_domains:
        name = domain.partition(":")[0]
        parent = name.partition(".")[2]
        first, dot, last = parent.partition(".")
        owned = dot and ("." in last or len(first) >= _MIN_OWNED_LABEL_CHARS)
        if host == name or (owned and (host == parent or host.endswith(f".{parent}"))):
            return True
    return False


MAX_DESTINATION_BYTES = 4_000
"""Bytes of a destination in UTF-8. Sealed, it is a third longer, and servers take request lines of some 8,000 bytes."""

# Delimiters of the template languages of mail programs and ESPs, plain or percent-encoded by an editor. In %name% one
# end must not be a percent-encoded byte: "%C3%A9" is an e with an accent. Single brackets make one only where
# nothing stands around them. The href is looked at as it is written: resolved by a base, its braces are encoded.
_MERGE_TAG = re.compile(
    r"""
    \{\{ | \{% | \{\$ | \$\{ | \*\| | \[\[ | <% | %7B%7B
  | %(?![0-9A-Fa-f]{2})[A-Za-z_][\w.:-]*+% | %[A-Za-z_][\w.:-]*+%(?![0-9A-Fa-f]{2})
    """,
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)
_LONE_MERGE_TAG = re.compile(r"\s*+ (?: \{[^{}]*+\} | \[[^\[\]]*+\] | <[^<>]*+> ) \s*+", re.VERBOSE | re.ASCII)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*+):", re.ASCII | re.IGNORECASE)
_HTTP_URL_START = re.compile(r"https?://", re.ASCII | re.IGNORECASE)
_ALWAYS_UNTRACKED = (LinkReason.UNSUBSCRIBE, LinkReason.PREFERENCES)


class Preset(StrEnum):
    """Policies with a name. docs/reference/reason-codes.md says what each leaves out."""

    STANDARD = "standard"
    CONVERSION_LINKS_ONLY = "conversion-links-only"
    ALL = "all"


class VisibleUrlMode(StrEnum):
    """What becomes of a link whose text is a URL."""

    WARN = "warn"
    """It is tracked, with a warning."""

    MATCH = "match"
    """It is tracked where the tracking domain belongs to the shown host, and skipped elsewhere."""

    SKIP = "skip"
    """It is not tracked."""


class PlainTextMode(StrEnum):
    """What becomes of the links of plain-text bodies, in which a reader sees the tracking URL itself."""

    SHORT = "short"
    """They are tracked, by a short URL where there is a registry that knows where it leads."""

    SHOW_HOST = "show-host"
    """The same, with the host of the destination beside it."""

    SKIP = "skip"
    """They are not tracked, and the body stays as it is."""


_PRESET_UNTRACKED_REASONS: Mapping[Preset, frozenset[LinkReason]] = {
    Preset.STANDARD: frozenset({LinkReason.PRIVACY, LinkReason.LEGAL}),
    Preset.CONVERSION_LINKS_ONLY: frozenset(
        {LinkReason.PRIVACY, LinkReason.LEGAL, LinkReason.SOCIAL, LinkReason.FOOTER}
    ),
    Preset.ALL: frozenset(),
}


class LinkDecision(msgspec.Struct, frozen=True):
    """Why a link is tracked or not, on what that rests, and what its sender should look at."""

    reason: LinkReason
    detail: str = ""
    warnings: tuple[LinkWarning, ...] = ()


TRACKED_DECISION = LinkDecision(LinkReason.TRACKED)
_NO_CONSENT_DECISION = LinkDecision(LinkReason.CONSENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Which links are tracked.

    Hosts are given as a URL parser gives them: lower case, IDN in its ASCII form. ``*.example.com`` stands for every
    host below ``example.com``, ``*`` for every host.

    Attributes:
        tracking_domains: the hosts of our tracking URLs, exact, with ``:port`` where it is not the scheme's default.
        untracked_reasons: which of privacy, legal, social and footer links are not tracked.
        visible_url: what becomes of links whose text is a URL.
        plain_text: what becomes of the links of plain-text bodies.
        allowed_hosts: if there are any, only links to these are tracked.
        denied_hosts: links to these are not.
        unknown_consent: how recipients are tracked who have not been asked.
        is_tracking_allowed: False where the recipient is not to be tracked at all; see `for_consent`.

    Raises:
        SettingsError: a list has a host that no link could lead to.
    """

    tracking_domains: frozenset[str] = frozenset()
    untracked_reasons: frozenset[LinkReason] = _PRESET_UNTRACKED_REASONS[Preset.STANDARD]
    visible_url: VisibleUrlMode = VisibleUrlMode.WARN
    plain_text: PlainTextMode = PlainTextMode.SHORT
    allowed_hosts: tuple[str, ...] = ()
    denied_hosts: tuple[str, ...] = ()
    unknown_consent: UnknownConsentAction = UnknownConsentAction.TRACK
    is_tracking_allowed: bool = True

    def __post_init__(self) -> None:
        check_host_patterns("allowed_hosts", self.allowed_hosts)
        check_host_patterns("denied_hosts", self.denied_hosts)

    def for_consent(self, consent: Consent) -> "Policy":
        """The policy for a recipient: where they are not to be tracked, links stay plain with their UTM parameters."""
        off = consent is Consent.UNKNOWN and self.unknown_consent is UnknownConsentAction.OFF
        return dataclasses.replace(self, is_tracking_allowed=consent is not Consent.DENIED and not off)

    def is_recipient_identified(self, consent: Consent) -> bool:
        """Whether tracking URLs, and what is recorded, may say whose they are."""
        unasked = consent is Consent.UNKNOWN and self.unknown_consent is UnknownConsentAction.TRACK
        return consent is Consent.GRANTED or unasked

    def decide(self, candidate: Candidate) -> LinkDecision:
        """Why a link is tracked or not, the sender's own wish first."""
        return next(self._iter_exclusions(candidate), None) or self._decide_by_visible_url(candidate)

    def _iter_exclusions(self, candidate: Candidate) -> Iterator[LinkDecision]:
        """What keeps a link from being tracked; the first counts, and the rest is not looked for."""
        url = candidate.url
        if word := find_opt_out(candidate):
            yield LinkDecision(LinkReason.OPT_OUT, word)
        if tag := _MERGE_TAG.search(candidate.href) or _LONE_MERGE_TAG.fullmatch(candidate.href):
            yield LinkDecision(LinkReason.MERGE_TAG, tag[0])
        if not _HTTP_URL_START.match(url):
            yield LinkDecision(_classify_non_http_url(url))
        try:
            length = len(url.encode())
            address = parse_url(url)
        except ValueError:
            yield LinkDecision(LinkReason.INVALID)
            return
        telling = has_keyword(address, candidate.label)
        if address.has_credentials:
            yield LinkDecision(LinkReason.CREDENTIALS)
        if address.host in self.tracking_domains:
            yield LinkDecision(LinkReason.ALREADY_TRACKED)
        if telling and (name := identify_wrapper(address)):
            yield LinkDecision(LinkReason.WRAPPED, name)
        yield from self._iter_purpose_exclusions(address, candidate, may_match=telling)
        if length > MAX_DESTINATION_BYTES:
            yield LinkDecision(LinkReason.TOO_LONG)

    def _iter_purpose_exclusions(
        self, parsed: ParsedUrl, candidate: Candidate, *, may_match: bool
    ) -> Iterator[LinkDecision]:
        meant = classify_purpose(parsed, candidate.label) if may_match else None
        host = parsed.hostname
        if meant is not None and meant in _ALWAYS_UNTRACKED:
            yield LinkDecision(meant)
        if may_match and is_sensitive(parsed, candidate.label):
            yield LinkDecision(LinkReason.SENSITIVE)
        if self.denied_hosts and is_host_listed(host, self.denied_hosts):
            yield LinkDecision(LinkReason.HOST_DENIED, host)
        if self.allowed_hosts and not is_host_listed(host, self.allowed_hosts):
            yield LinkDecision(LinkReason.HOST_NOT_ALLOWED, host)
        if meant is not None and meant in self.untracked_reasons:
            yield LinkDecision(meant)
        if LinkReason.SOCIAL in self.untracked_reasons and is_social(parsed, candidate):
            yield LinkDecision(LinkReason.SOCIAL, host)
        if LinkReason.FOOTER in self.untracked_reasons and candidate.location is Location.FOOTER:
            yield LinkDecision(LinkReason.FOOTER)

    def _decide_by_visible_url(self, candidate: Candidate) -> LinkDecision:
        if "." not in candidate.label and "&amp;" not in candidate.href:
            return TRACKED_DECISION if self.is_tracking_allowed else _NO_CONSENT_DECISION
        host = parse_visible_host(candidate.label)
        matched = self.visible_url is VisibleUrlMode.MATCH and shares_domain(host, self.tracking_domains)
        if host and self.visible_url is not VisibleUrlMode.WARN and not matched:
            return LinkDecision(LinkReason.VISIBLE_URL, host)
        warnings = []
        if host and not matched:
            warnings.append(LinkWarning.VISIBLE_URL)
        if "&amp;" in candidate.href:
            warnings.append(LinkWarning.DOUBLE_ENCODED)
        return LinkDecision(
            LinkReason.TRACKED if self.is_tracking_allowed else LinkReason.CONSENT, warnings=tuple(warnings)
        )


class _PolicyFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    preset: Preset = Preset.STANDARD
    visible_url: VisibleUrlMode | None = None
    plain_text: PlainTextMode = PlainTextMode.SHORT
    allowed_hosts: tuple[str, ...] = ()
    denied_hosts: tuple[str, ...] = ()
    unknown_consent: UnknownConsentAction = UnknownConsentAction.TRACK


def parse_policy(text: str) -> Policy:
    """Read a policy from TOML: ``preset``, and what departs from it, named as `Policy` names it.

    Raises:
        SettingsError: not TOML, a key or value that there is not, or a host that no link could lead to.
    """
    file = decode_toml(text, _PolicyFile, name="the policy")
    policy = build_preset_policy(file.preset)
    return dataclasses.replace(
        policy,
        visible_url=file.visible_url or policy.visible_url,
        plain_text=file.plain_text,
        allowed_hosts=file.allowed_hosts,
        denied_hosts=file.denied_hosts,
        unknown_consent=file.unknown_consent,
    )


def build_preset_policy(name: Preset) -> Policy:
    """A policy with a name."""
    careful = name is Preset.CONVERSION_LINKS_ONLY
    return Policy(
        untracked_reasons=_PRESET_UNTRACKED_REASONS[name],
        visible_url=VisibleUrlMode.MATCH if careful else VisibleUrlMode.WARN,
    )


def _classify_non_http_url(url: str) -> LinkReason:
    """A scheme of the web without ``//`` is invalid: browsers and mail programs read ``https:x.com`` differently."""
    scheme = _SCHEME.match(url)
    if scheme is None:
        return LinkReason.RELATIVE
    return LinkReason.INVALID if scheme[1].lower() in {"http", "https"} else LinkReason.NOT_WEB
