"""The checks of a tracking domain: results, their order, and the state of the domain that follows from them.

Checks run in the order of `CheckCode`. After one that fails every later one is skipped, so at most one fails and there
is exactly one next step.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class CheckCode(StrEnum):
    """What a check looks for, in the order in which checks run. A code never changes."""

    NXDOMAIN_AT_PARENT = "nxdomain-at-parent"
    LAME_DELEGATION = "lame-delegation"
    DNSSEC_BROKEN = "dnssec-broken"
    ZONE_NAME_DOUBLED = "zone-name-doubled"
    CNAME_AT_APEX = "cname-at-apex"
    CNAME_BESIDE_RECORDS = "cname-beside-records"
    WILDCARD_ANSWER = "wildcard-answer"
    RECORD_MISSING = "record-missing"
    SEVERAL_RECORDS = "several-records"
    ESP_RETURN_PATH_TARGET = "esp-return-path-target"
    TARGET_OF_OTHER_REGION = "target-of-other-region"
    TARGET_TYPO = "target-typo"
    CDN_PROXY = "cdn-proxy"
    TARGET_WRONG = "target-wrong"
    IPV6_ELSEWHERE = "ipv6-elsewhere"
    IPV6_ONLY = "ipv6-only"
    PROPAGATING = "propagating"
    TTL_LONG = "ttl-long"
    CAA_UNANSWERED = "caa-unanswered"
    CAA_FORBIDS = "caa-forbids"
    ACME_CHALLENGE_LEFTOVER = "acme-challenge-leftover"
    PORT_80_CLOSED = "port-80-closed"
    PORT_443_CLOSED = "port-443-closed"
    HSTS_OF_PARENT = "hsts-of-parent"
    CERTIFICATE_MISSING = "certificate-missing"
    CERTIFICATE_OF_OTHER_NAME = "certificate-of-other-name"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_CHAIN = "certificate-chain"
    NOT_OUR_EDGE = "not-our-edge"
    HTTPS_REDIRECT_MISSING = "https-redirect-missing"
    NOT_ALIGNED = "not-aligned"


class CheckStatus(StrEnum):
    """Result of a check."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    WARN = "warn"
    SKIPPED = "skipped"


class DomainStatus(StrEnum):
    """State of a tracking domain."""

    OK = "ok"
    PENDING = "pending"
    """Right at the zone's own name servers; a resolver still has an older answer or none."""
    FAILING = "failing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Result of one check.

    Attributes:
        found: what the check found, for people; empty if it was skipped.
        expected: what it should have found.
        cause: a sentence; empty unless the check fails or warns.
        fix: a sentence that says the one thing that helps; empty unless the check fails or warns.
        is_pending: whether only time is missing: the zone's own servers are right, and a resolver still has an older
            answer or none.
    """

    code: CheckCode
    status: CheckStatus
    found: str = ""
    expected: str = ""
    cause: str = ""
    fix: str = ""
    is_pending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainReport:
    """All checks of one tracking domain.

    Attributes:
        domain: host name in lower case, in its ASCII form, without the last dot.
        checks: one for each code, in their order.
        next_step: one sentence; None if the domain is ``ok``.
    """

    domain: str
    status: DomainStatus
    checks: tuple[Check, ...]
    next_step: str | None


def build_report(domain: str, results: Iterable[Check]) -> DomainReport:
    """Report of a domain from the results that are known; a check without a result is skipped.

    Of several failures only the first in the order of the codes counts: later ones may be its consequences. A warning
    leaves the domain ``ok``, unless it is pending.
    """
    by_code = {result.code: result for result in results}
    checks: list[Check] = []
    failed: Check | None = None
    for code in CheckCode:
        result = by_code.get(code)
        if failed or result is None:
            checks.append(Check(code=code, status=CheckStatus.SKIPPED))
            continue
        checks.append(result)
        if result.status is CheckStatus.FAIL:
            failed = result
    if failed:
        return DomainReport(domain=domain, status=DomainStatus.FAILING, checks=tuple(checks), next_step=failed.fix)
    if pending := next((check for check in checks if check.is_pending), None):
        return DomainReport(domain=domain, status=DomainStatus.PENDING, checks=tuple(checks), next_step=pending.fix)
    return DomainReport(domain=domain, status=DomainStatus.OK, checks=tuple(checks), next_step=None)
