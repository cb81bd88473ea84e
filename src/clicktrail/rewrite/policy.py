"""Decide which links are tracked, with a reason for each decision."""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from clicktrail.config_text import decode_toml
from clicktrail.merge_tags import find_merge_tag
from clicktrail.model.consent import Consent, UnknownConsentAction
from clicktrail.model.hosts import check_host_patterns, is_host_listed
from clicktrail.model.link import LinkReason, LinkWarning, Location, Preset
from clicktrail.rewrite.candidate import MAX_URL_BYTES, UNCLEAR_END, Candidate
from clicktrail.rewrite.link_purpose import classify_purpose, describe_secret, has_keyword, identify_wrapper, is_social
from clicktrail.rewrite.list_unsubscribe import is_url_listed
from clicktrail.rewrite.opt_out import find_opt_out
from clicktrail.rewrite.ordinary_links import find_ordinary_links
from clicktrail.rewrite.url import ParsedUrl, parse_url

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*+):", re.ASCII | re.IGNORECASE)
_HTTP_URL_START = re.compile(r"https?://", re.ASCII | re.IGNORECASE)
_ALWAYS_UNTRACKED = (LinkReason.UNSUBSCRIBE, LinkReason.PREFERENCES)

_VISIBLE_URL = re.compile(
    r"(?:https?://)?(?P<host>(?:[\w-]+\.)+[a-z]{2,})(?::\d+)?(?:[/?#]\S*)?|https?://(?P<other_host>[^\s/?#:]+)\S*",
    re.IGNORECASE,
)
_MIN_OWNED_LABEL_CHARS = 4


class VisibleUrlMode(StrEnum):
    """Treatment of links whose text is a URL: tracked, they show one address and lead to another, like phishing."""

    WARN = "warn"
    """Track them, with a warning."""

    MATCH = "match"
    """Track them only if the tracking domain belongs to the shown host."""

    SKIP = "skip"
    """Do not track them."""


class PlainTextMode(StrEnum):
    """Treatment of plain-text bodies, in which the reader sees the tracking URLs."""

    SHORT = "short"
    """Track the links, with short URLs if there is a registry."""

    SHOW_HOST = "show-host"
    """Track the links, and show the host of the destination after each URL."""

    SKIP = "skip"
    """Do not track the links, and do not change the body."""


class CodeMode(StrEnum):
    """Treatment of links in code, which readers copy: in ``pre`` and ``code``, and behind commands such as curl."""

    SKIP = "skip"
    """Do not track them."""

    TRACK = "track"
    """Track them."""


_PRESET_UNTRACKED_REASONS: Mapping[Preset, frozenset[LinkReason]] = {
    Preset.STANDARD: frozenset({LinkReason.PRIVACY, LinkReason.LEGAL}),
    Preset.CONVERSION_LINKS_ONLY: frozenset(
        {LinkReason.PRIVACY, LinkReason.LEGAL, LinkReason.SOCIAL, LinkReason.FOOTER}
    ),
    Preset.ALL: frozenset(),
}


class LinkDecision(msgspec.Struct, frozen=True, gc=False):
    """Whether a link is tracked, and why. ``detail`` is the attribute, host or name that decided."""

    reason: LinkReason
    detail: str = ""
    warnings: tuple[LinkWarning, ...] = ()


TRACKED_DECISION = LinkDecision(LinkReason.TRACKED)
_NO_CONSENT_DECISION = LinkDecision(LinkReason.NO_CONSENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Rules that decide which links are tracked.

    Hosts are written as a URL parser returns them: lower case, IDN in ASCII. ``*.example.com`` matches every host below
    ``example.com``, and ``*`` every host.

    Attributes:
        tracking_domains: hosts of our tracking URLs, with ``:port`` if it is not the default of the scheme.
        untracked_reasons: those of privacy, legal, social and footer whose links are not tracked.
        allowed_hosts: if not empty, only links to these hosts are tracked.
        unsubscribe_urls: URLs that List-Unsubscribe names, as `find_unsubscribe_urls` returns them.
        is_tracking_allowed: False if the recipient must not be tracked; see `for_consent`.

    Raises:
        SettingsError: a list has a host that no link can have.
    """

    tracking_domains: frozenset[str] = frozenset()
    untracked_reasons: frozenset[LinkReason] = _PRESET_UNTRACKED_REASONS[Preset.STANDARD]
    visible_url: VisibleUrlMode = VisibleUrlMode.WARN
    plain_text: PlainTextMode = PlainTextMode.SHORT
    code: CodeMode = CodeMode.SKIP
    allowed_hosts: tuple[str, ...] = ()
    denied_hosts: tuple[str, ...] = ()
    unknown_consent: UnknownConsentAction = UnknownConsentAction.TRACK
    unsubscribe_urls: frozenset[str] = frozenset()
    is_tracking_allowed: bool = True

    def __post_init__(self) -> None:
        check_host_patterns("allowed_hosts", self.allowed_hosts)
        check_host_patterns("denied_hosts", self.denied_hosts)

    def for_consent(self, consent: Consent) -> "Policy":
        """Return the policy for a recipient. Without consent, links only get UTM parameters."""
        is_off = consent is Consent.UNKNOWN and self.unknown_consent is UnknownConsentAction.OFF
        return dataclasses.replace(self, is_tracking_allowed=consent is not Consent.DENIED and not is_off)

    def is_recipient_identified(self, consent: Consent) -> bool:
        """Whether tracking URLs and events may identify the recipient."""
        may_track_unknown = self.unknown_consent is UnknownConsentAction.TRACK
        return consent is Consent.GRANTED or (consent is Consent.UNKNOWN and may_track_unknown)

    def decide(self, candidate: Candidate) -> LinkDecision:
        """Decide on a link. If several exclusions apply, the first row of docs/reference/reason-codes.md counts."""
        return next(self._iter_exclusions(candidate), None) or self._decide_by_visible_url(candidate)

    def decide_all(self, candidates: Sequence[Candidate]) -> list[LinkDecision]:
        """Decide on each link of a body, as `decide` does."""
        if LinkReason.FOOTER in self.untracked_reasons:
            return [self.decide(candidate) for candidate in candidates]
        decision = TRACKED_DECISION if self.is_tracking_allowed else _NO_CONSENT_DECISION
        are_ordinary = find_ordinary_links(candidates, is_host_excluded=self._excludes_host)
        return [
            decision if is_ordinary and not self._is_unsubscribe_url(candidate.url) else self.decide(candidate)
            for candidate, is_ordinary in zip(candidates, are_ordinary, strict=True)
        ]

    def _is_unsubscribe_url(self, url: str) -> bool:
        """Whether List-Unsubscribe names the URL of an ordinary link, which is normalised."""
        return url in self.unsubscribe_urls or ("#" in url and url.partition("#")[0] in self.unsubscribe_urls)

    def _excludes_host(self, host: str) -> bool:
        return (
            host in self.tracking_domains
            or is_host_listed(host, self.denied_hosts)
            or bool(self.allowed_hosts and not is_host_listed(host, self.allowed_hosts))
        )

    def _iter_exclusions(self, candidate: Candidate) -> Iterator[LinkDecision]:
        """Yield exclusions in order. The caller takes only the first, so that later, slower checks are not made."""
        url = candidate.url
        yield from self._iter_opt_out_and_place(candidate)
        # Of the href, because resolving it encodes its braces.
        if merge_tag := find_merge_tag(candidate.href):
            yield LinkDecision(LinkReason.MERGE_TAG, merge_tag)
        if not _HTTP_URL_START.match(url):
            yield LinkDecision(_classify_non_http_url(url))
        if candidate.exclusion is UNCLEAR_END:
            yield LinkDecision(UNCLEAR_END.reason, UNCLEAR_END.detail)
        try:
            if len(url.encode()) > MAX_URL_BYTES:  # before it is parsed: the time for hostile hosts is not linear
                yield LinkDecision(LinkReason.TOO_LONG)
            parsed = parse_url(url)
        except ValueError:
            yield LinkDecision(LinkReason.INVALID)
            return
        has_any_keyword = has_keyword(parsed, candidate.label)
        if parsed.has_credentials:
            yield LinkDecision(LinkReason.CREDENTIALS)
        if parsed.host in self.tracking_domains:
            yield LinkDecision(LinkReason.ALREADY_TRACKED)
        if has_any_keyword and (name := identify_wrapper(parsed)):
            yield LinkDecision(LinkReason.WRAPPED, name)
        if not candidate.is_trap:
            yield from self._iter_purpose_exclusions(parsed, candidate, has_any_keyword=has_any_keyword)

    def _iter_opt_out_and_place(self, candidate: Candidate) -> Iterator[LinkDecision]:
        if not candidate.is_trap and (opt_out := find_opt_out(candidate)):
            yield LinkDecision(LinkReason.OPT_OUT, opt_out)
        exclusion = candidate.exclusion
        if exclusion is None or exclusion is UNCLEAR_END:
            return
        if exclusion.reason is not LinkReason.CODE or self.code is not CodeMode.TRACK:
            yield LinkDecision(exclusion.reason, exclusion.detail)

    def _iter_purpose_exclusions(
        self, parsed: ParsedUrl, candidate: Candidate, *, has_any_keyword: bool
    ) -> Iterator[LinkDecision]:
        if self.unsubscribe_urls and is_url_listed(candidate.url, self.unsubscribe_urls):
            yield LinkDecision(LinkReason.UNSUBSCRIBE, "List-Unsubscribe")
        purpose = classify_purpose(parsed, candidate.label) if has_any_keyword else None
        host = parsed.hostname
        if purpose is not None and purpose in _ALWAYS_UNTRACKED:
            yield LinkDecision(purpose)
        if has_any_keyword and (secret := describe_secret(candidate.url, candidate.label)):
            yield LinkDecision(LinkReason.SENSITIVE, secret)
        if self.denied_hosts and is_host_listed(host, self.denied_hosts):
            yield LinkDecision(LinkReason.HOST_DENIED, host)
        if self.allowed_hosts and not is_host_listed(host, self.allowed_hosts):
            yield LinkDecision(LinkReason.HOST_NOT_ALLOWED, host)
        if purpose is not None and purpose in self.untracked_reasons:
            yield LinkDecision(purpose)
        if LinkReason.SOCIAL in self.untracked_reasons and is_social(parsed, candidate):
            yield LinkDecision(LinkReason.SOCIAL, host)
        if LinkReason.FOOTER in self.untracked_reasons and candidate.location is Location.FOOTER:
            yield LinkDecision(LinkReason.FOOTER)

    def _decide_by_visible_url(self, candidate: Candidate) -> LinkDecision:
        if candidate.is_trap or ("." not in candidate.label and "&amp;" not in candidate.href):
            return TRACKED_DECISION if self.is_tracking_allowed else _NO_CONSENT_DECISION
        host = parse_visible_host(candidate.label)
        is_own_host = self.visible_url is VisibleUrlMode.MATCH and shares_domain(host, self.tracking_domains)
        if host and self.visible_url is not VisibleUrlMode.WARN and not is_own_host:
            return LinkDecision(LinkReason.VISIBLE_URL, host)
        warnings = []
        if host and not is_own_host:
            warnings.append(LinkWarning.VISIBLE_URL)
        if "&amp;" in candidate.href:
            warnings.append(LinkWarning.DOUBLE_ENCODED)
        return LinkDecision(
            LinkReason.TRACKED if self.is_tracking_allowed else LinkReason.NO_CONSENT, warnings=tuple(warnings)
        )


class _PolicyFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    preset: Preset = Preset.STANDARD
    visible_url: VisibleUrlMode | None = None
    plain_text: PlainTextMode = PlainTextMode.SHORT
    code: CodeMode = CodeMode.SKIP
    allowed_hosts: tuple[str, ...] = ()
    denied_hosts: tuple[str, ...] = ()
    unknown_consent: UnknownConsentAction = UnknownConsentAction.TRACK


def parse_policy(text: str) -> Policy:
    """Parse a policy from TOML: a ``preset``, and keys of `Policy` that override it.

    Raises:
        SettingsError: not TOML, an unknown key or value, or a host that no link can have.
    """
    file = decode_toml(text, _PolicyFile, name="the policy")
    policy = build_preset_policy(file.preset)
    return dataclasses.replace(
        policy,
        visible_url=file.visible_url or policy.visible_url,
        plain_text=file.plain_text,
        code=file.code,
        allowed_hosts=file.allowed_hosts,
        denied_hosts=file.denied_hosts,
        unknown_consent=file.unknown_consent,
    )


def build_preset_policy(name: Preset) -> Policy:
    """Return the policy of a preset."""
    visible_url = VisibleUrlMode.MATCH if name is Preset.CONVERSION_LINKS_ONLY else VisibleUrlMode.WARN
    return Policy(untracked_reasons=_PRESET_UNTRACKED_REASONS[name], visible_url=visible_url)


def _classify_non_http_url(url: str) -> LinkReason:
    scheme = _SCHEME.match(url)
    if scheme is None:
        return LinkReason.RELATIVE
    # Browsers and mail programs disagree about "https:x.com" without "//".
    return LinkReason.INVALID if scheme[1].lower() in {"http", "https"} else LinkReason.NOT_WEB


def parse_visible_host(label: str) -> str:
    """Return the host of a label that is a URL, in lower case; empty if the label is no URL."""
    if "." not in label:
        return ""
    url = _VISIBLE_URL.fullmatch(label)
    return (url["host"] or url["other_host"]).lower() if url else ""


def shares_domain(host: str, tracking_domains: Iterable[str]) -> bool:
    """Whether a host is a tracking domain, its parent domain, or below that parent.

    The parent domain belongs to the sender, unless it looks like a public suffix: a single label, or two labels with a
    short first one, such as ``co.uk``.
    """
    for domain in tracking_domains:
        name = domain.partition(":")[0]
        parent = name.partition(".")[2]
        first_label, dot, other_labels = parent.partition(".")
        is_owned = dot and ("." in other_labels or len(first_label) >= _MIN_OWNED_LABEL_CHARS)
        if host == name or (is_owned and (host == parent or host.endswith(f".{parent}"))):
            return True
    return False
