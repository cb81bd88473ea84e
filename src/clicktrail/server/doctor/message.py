"""A received message: why its links are not ours, do not open, have no UTM parameters or lead elsewhere."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from clicktrail.model.edit import LinkEdit
from clicktrail.model.event import format_rfc3339
from clicktrail.model.hosts import extract_host, is_host_listed
from clicktrail.model.link import LinkReason
from clicktrail.model.tracking_domain import RegisteredDomain, TrackingDomain
from clicktrail.rewrite import RewriteResult, SkipReason
from clicktrail.rewrite.advice import ADVICE
from clicktrail.secret_urls import find_secret
from clicktrail.server.doctor.findings import Finding, Severity
from clicktrail.server.doctor.received_message import Opening, ReceivedLink, find_esp_wrapper, iter_opened
from clicktrail.server.pipeline.tracking_domains import is_allowed_destination
from clicktrail.utm import Convention, query
from clicktrail.utm.lint import LintCode, lint_url

_MISPLACED = frozenset({LintCode.FRAGMENT, LintCode.QUESTION_MARK, LintCode.AMPERSAND})
_MAX_URL_CHARS = 80
_RESEND = "Mail that was sent keeps its links: send a new test message to see the effect"
_FAILURE_REASONS = {
    "unknown-key": "the key ring does not have the key that sealed them",
    "revoked-key": "the key that sealed them is revoked",
    "changed": "their URLs were changed on the way, or another key ring sealed them",
    "not-stored": "the registry does not have them",
}
_FAILURE_HINTS = {
    "unknown-key": "restore the backup of the key ring that the installation had when it sent the message: clicktrail "
    "keys restore",
    "revoked-key": "a revoked key cannot be used again: send the message again",
    "changed": "compare them with the message as it was sent; use the settings of the installation that sent it",
    "not-stored": "check registry.url, and registry.short_link_days, after which short links are deleted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageState:
    """What is known of a received message.

    Attributes:
        was_relayed: whether the journal says that the relay has sent it.
        retracked: what the relay would do with it today; None if it has links of ours.
        sites: the tracking domains, with their allowed destinations.
        esp_domains: the tracking domains that ESPs serve.
        date: time in the message's header; None if there is none.
        has_newer_link_set: whether the template had other links when the message was written.
    """

    links: tuple[ReceivedLink, ...]
    was_relayed: bool
    retracked: RewriteResult | None
    convention: Convention
    sites: tuple[TrackingDomain, ...] = ()
    esp_domains: tuple[RegisteredDomain, ...] = ()
    date: datetime | None = None
    has_newer_link_set: bool = False


def diagnose_message(state: MessageState) -> Iterator[Finding]:
    """Findings about a received message."""
    yield from _check_wrapped_links(state)
    if state.retracked:
        yield from _explain_untracked(state.retracked, state)
    yield from _check_openings(state)
    yield from _check_edits(state)
    yield from _check_destinations(state)
    yield from _check_utm(state)


def _check_wrapped_links(state: MessageState) -> Iterator[Finding]:
    """Links that lead through another redirector: before ours, behind ours, or without ours."""
    before = [link for link in _list_esp_links(state) if link.own_url]
    behind = [link for link, opening in iter_opened(state.links) if find_esp_wrapper(opening.destination)]
    hidden = [link for link in _list_esp_links(state) if not link.own_url]
    has_own = any(link.is_own for link in state.links)
    if hidden and state.was_relayed and not has_own:  # ours are inside, where they cannot be read
        before += hidden
        hidden = []
    if twice := [*before, *behind]:
        names = _join(
            link.wrapper or find_esp_wrapper(link.opening.destination if link.opening else "") for link in twice
        )
        yield Finding(
            code="links-rewritten-twice",
            severity=Severity.ERROR,
            message=f"{_count(twice, state)} lead through {names} and through clicktrail, as both have rewritten them",
            hint=f"turn off click tracking at {names}, for this account, domain, stream and template. {_RESEND}",
        )
    if hidden and (domain := _find_unused_domain(hidden, state)):
        yield _describe_unused_domain(domain, hidden, state)
    elif hidden:
        names, hosts = _join(link.wrapper for link in hidden), _join(link.host for link in hidden)
        yield Finding(
            code="links-of-esp",
            severity=Severity.ERROR,
            message=f"{_count(hidden, state)} lead through {names} at {hosts} and not through your tracking domain"
            + ("" if has_own else ", and none leads through clicktrail"),
            hint=f"send your mail through the relay, and turn off click tracking at {names}. {_RESEND}",
        )
    if filtered := [link for link in state.links if link.gateways]:
        names = _join(name for link in filtered for name in link.gateways)
        yield Finding(
            code="links-wrapped-by-gateway",
            severity=Severity.NOTE,
            message=f"{_count(filtered, state)} lead through {names} first, as the recipient's mail filter wraps links",
            hint="nothing is to be done: clicks pass it and are counted, and its own visits are judged as a scanner's",
        )


def _list_esp_links(state: MessageState) -> list[ReceivedLink]:
    """Links of an ESP, without those on a tracking domain that it serves for us."""
    own_hosts = {domain.host for domain in state.esp_domains}
    return [link for link in state.links if link.wrapper and link.host not in own_hosts]


def _find_unused_domain(links: Sequence[ReceivedLink], state: MessageState) -> RegisteredDomain | None:
    """A tracking domain of the registry that the ESP of the links should have used."""
    names = {link.wrapper.lower() for link in links}
    return next((domain for domain in state.esp_domains if domain.esp in names), None)


def _describe_unused_domain(domain: RegisteredDomain, links: Sequence[ReceivedLink], state: MessageState) -> Finding:
    count, hosts = _count(links, state), _join(link.host for link in links)
    if domain.verified_at is None:
        return Finding(
            code="esp-domain-not-verified",
            severity=Severity.ERROR,
            message=f"{count} show {hosts} and not {domain.host}, whose DNS was never found right",
            hint=f"clicktrail domain check {domain.host} says what its record needs. {_RESEND}",
        )
    if state.date and state.date < domain.verified_at:
        return Finding(
            code="message-before-domain",
            severity=Severity.WARNING,
            message=f"{count} show {hosts}: the message was written before {domain.host} was found right in DNS, at "
            f"{format_rfc3339(domain.verified_at)}",
            hint="send a new test message: mail that was sent keeps its links",
        )
    return Finding(
        code="esp-domain-not-used",
        severity=Severity.ERROR,
        message=f"{count} show {hosts} and not {domain.host}, whose DNS is right: the ESP does not use it",
        hint=f"verify the domain in the ESP's account, and choose it for the account, domain or list that sent the "
        f"message. {_RESEND}",
    )


def _explain_untracked(retracked: RewriteResult, state: MessageState) -> Iterator[Finding]:
    """Why no link of the message is ours."""
    if any(link.wrapper for link in state.links):
        return  # the ESP tracks them
    if retracked.tracked_count and state.was_relayed:
        yield Finding(
            code="message-sent-untracked",
            severity=Severity.ERROR,
            message=f"the relay has sent the message without tracked links, and would track {retracked.tracked_count} "
            "of them today",
            hint="look for X-Clicktrail-Tracking: off and X-Clicktrail-Consent in the program that sends it, and for "
            "'message passed on untracked' in the log; else consent or settings have changed since",
        )
    elif retracked.tracked_count:
        yield Finding(
            code="message-not-tracked",
            severity=Severity.ERROR,
            message=f"no link is tracked, and the relay would track {retracked.tracked_count} of them today",
            hint="have your program send through the relay (relay.listen); if it did, see messages-untracked in "
            "docs/reference/relay.md",
        )
    elif retracked.skip_reasons:
        yield _describe_skipped_message(retracked.skip_reasons[0])
    elif retracked.links:
        yield _describe_untracked_links(retracked)
    else:
        yield Finding(
            code="message-without-links",
            severity=Severity.NOTE,
            message="the message has no links",
            hint="save the message with all its parts as an .eml file: Show original, or Save as, in your mail program",
        )


def _describe_untracked_links(retracked: RewriteResult) -> Finding:
    reason, count = Counter(link.reason for link in retracked.links).most_common(1)[0]
    message = f"no link may be tracked: {count} of {len(retracked.links)} for the reason '{reason}'"
    if reason is LinkReason.NO_CONSENT:
        return Finding(
            code="message-without-consent",
            severity=Severity.NOTE,
            message=message,
            hint="record consent with clicktrail consent set, or pass X-Clicktrail-Consent; without it, "
            "unknown_consent of the policy decides",
        )
    return Finding(code="links-not-trackable", severity=Severity.NOTE, message=message, hint=ADVICE[reason].rstrip("."))


def _describe_skipped_message(reason: SkipReason) -> Finding:
    if reason is SkipReason.SENSITIVE:
        return Finding(
            code="message-sensitive",
            severity=Severity.NOTE,
            message="the message is of a kind that is never tracked, such as a password reset or an invoice",
            hint="if it is not, change its subject or X-Clicktrail-Stream",
        )
    return Finding(
        code="message-not-rewritable",
        severity=Severity.WARNING,
        message=f"the message cannot be rewritten, for the reason '{reason}'",
        hint="docs/reference/reason-codes.md says what the reason means, and what to change",
    )


def _check_openings(state: MessageState) -> Iterator[Finding]:
    failures = [(link, opening.failure) for link, opening in iter_opened(state.links) if opening.failure]
    for failure, reason in _FAILURE_REASONS.items():
        if failed := [link for link, link_failure in failures if link_failure == failure]:
            yield Finding(
                code="links-do-not-open",
                severity=Severity.ERROR,
                message=f"{_count(failed, state)} are answered 404: {reason}",
                hint=_FAILURE_HINTS[failure],
            )
    if unavailable := [link for link, failure in failures if failure == "unavailable"]:
        yield Finding(
            code="registry-unavailable",
            severity=Severity.ERROR,
            message=f"{_count(unavailable, state)} cannot be looked up, because the registry does not answer",
            hint="check registry.url and the database, or the registry's file in the data folder",
        )
    if damaged := [
        link for link, opening in iter_opened(state.links) if opening.damage and link.is_own and not link.gateways
    ]:
        yield Finding(
            code="links-damaged",
            severity=Severity.WARNING,
            message=f"{_count(damaged, state)} were changed on the way and open only because the edge repairs them",
            hint="find the program that changes URLs: compare the message with what the relay sent to the next hop",
        )


def _check_edits(state: MessageState) -> Iterator[Finding]:
    for _, opening in iter_opened(state.links):
        if opening.edit:
            yield _describe_edit(opening.edit, opening)
    if state.has_newer_link_set:
        yield Finding(
            code="links-of-older-version",
            severity=Severity.WARNING,
            message="the message has links of an old version of the campaign's template, which the ESP had kept",
            hint="only a new message has the new links: save the template at the ESP again, wait for its cache to "
            "expire, and send again; clicktrail links redirect corrects links that were sent",
        )


def _describe_edit(edit: LinkEdit, opening: Opening) -> Finding:
    at, sent = format_rfc3339(edit.at), _shorten(opening.destination)
    hint = f"to undo that: clicktrail links restore '{edit.target.text}'"
    if opening.location:
        return Finding(
            code="link-edited",
            severity=Severity.NOTE,
            message=f"the link to {sent} leads to {_shorten(opening.location)}, by an edit of {at}",
            hint=hint,
        )
    return Finding(
        code="link-disabled",
        severity=Severity.NOTE,
        message=f"the link to {sent} is answered 410 Gone, by an edit of {at}",
        hint=hint,
    )


def _check_destinations(state: MessageState) -> Iterator[Finding]:
    sites = {site.host: site for site in state.sites}
    refused = [
        link
        for link, opening in iter_opened(state.links)
        if opening.location
        and (site := sites.get(extract_host(link.own_url)))
        and not is_allowed_destination(site.destinations, opening.location)
    ]
    if refused:
        hosts = _join(extract_host(link.opening.location) for link in refused if link.opening)
        yield Finding(
            code="destination-not-allowed",
            severity=Severity.ERROR,
            message=f"{_count(refused, state)} lead to {hosts}, which is no allowed destination of the tracking domain",
            hint="add the host to the destinations of the tracking domain: docs/reference/domains.md",
        )


def _check_utm(state: MessageState) -> Iterator[Finding]:
    convention = state.convention
    if added := [link for link in state.links if link.is_own and _has_utm(link.own_url)]:
        yield Finding(
            code="utm-added-by-esp",
            severity=Severity.WARNING,
            message=f"{_count(added, state)} have UTM parameters behind our token, which end at the redirect",
            hint="turn off the UTM or Google Analytics tagging of your ESP; clicktrail adds its own to links to your "
            "own hosts",
        )
    if not convention.own_hosts:
        return  # a finding about the installation
    destinations = [
        (link, opening.destination)
        for link, opening in iter_opened(state.links)
        if opening.destination and not find_esp_wrapper(opening.destination)
    ]
    codes = [
        (link, {finding.code for finding in lint_url(destination, convention)}) for link, destination in destinations
    ]
    if missing := [link for link, found in codes if LintCode.UNTAGGED in found]:
        yield Finding(
            code="utm-missing",
            severity=Severity.WARNING,
            message=f"{_count(missing, state)} lead to your own hosts without UTM parameters",
            hint="the message was sent before utm.own_hosts named the host, or by a program without a UTM convention: "
            "send a new test message through the relay",
        )
    if misplaced := [link for link, found in codes if found & _MISPLACED]:
        yield Finding(
            code="utm-misplaced",
            severity=Severity.WARNING,
            message=f"{_count(misplaced, state)} have UTM parameters where analytics does not read them: behind '#', "
            "behind a second '?', or with '&' encoded twice",
            hint="clicktrail utm lint --fix corrects the file with your links",
        )
    others = sorted({extract_host(url) for _, url in destinations if _is_foreign(url, convention)})
    if others:
        yield Finding(
            code="utm-host-not-own",
            severity=Severity.NOTE,
            message=f"links to {_join(others)} get no UTM parameters, because these are not among your own hosts",
            hint="if one is yours, add it to utm.own_hosts",
        )
    secrets = [link for link, url in destinations if not _is_foreign(url, convention) and find_secret(url)]
    if secrets:
        yield Finding(
            code="utm-left-out",
            severity=Severity.NOTE,
            message=f"{_count(secrets, state)} get no UTM parameters, because they carry a secret or a signature",
            hint="nothing is to be done: parameters would break such a link",
        )


def _has_utm(url: str) -> bool:
    return any(pair.is_utm for pair in query.split_url(url).pairs)


def _is_foreign(url: str, convention: Convention) -> bool:
    return not is_host_listed(extract_host(url), convention.own_hosts)


def _count(links: Sequence[ReceivedLink], state: MessageState) -> str:
    """``3 of 12 links``, with the first of them."""
    return f"{len(links)} of {len(state.links)} links (first: {_shorten(links[0].url)})"


def _shorten(url: str) -> str:
    return url if len(url) <= _MAX_URL_CHARS else f"{url[:_MAX_URL_CHARS]}…"


def _join(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(filter(None, names))))
