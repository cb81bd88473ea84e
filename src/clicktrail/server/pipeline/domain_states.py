"""States of tracking domains over time: what a check changes, and when the next one is due."""

from datetime import datetime, timedelta

from clicktrail.model.tracking_domain import DomainCheckResult, DomainState, RegisteredDomain
from clicktrail.server.pipeline.domain_checks import CheckCode, CheckStatus, DomainReport, DomainStatus

_INTERVAL_IF_OK = timedelta(days=1)
_INTERVAL = timedelta(hours=1)
_CERTIFICATE_MARGIN = timedelta(days=14)
"""Caddy renews a certificate of 90 days 30 days before its end: two weeks later, renewals have failed for 16 days."""

_NO_RECORD = frozenset({CheckCode.NXDOMAIN_AT_PARENT, CheckCode.RECORD_MISSING})
_UNKNOWN = frozenset({CheckCode.LAME_DELEGATION, CheckCode.DNSSEC_BROKEN})
"""A name server that does not answer, or gives answers that do not validate, says nothing about the record."""
_FIRST_WEB_CHECK = list(CheckCode).index(CheckCode.PORT_80_CLOSED)


def summarize_report(
    report: DomainReport, *, checked_at: datetime, certificate_ends_at: datetime | None
) -> DomainCheckResult:
    """What the registry stores of a report."""
    failed = next((check.code for check in report.checks if check.status is CheckStatus.FAIL), None)
    warned = next((check.code for check in report.checks if check.status is CheckStatus.WARN), None)
    pending = next((check.code for check in report.checks if check.is_pending), None)
    code = pending if report.status is DomainStatus.PENDING else failed or warned
    return DomainCheckResult(
        state=DomainState(since=checked_at, status=report.status, code=code or "", next_step=report.next_step or ""),
        is_verified=failed is None or list(CheckCode).index(failed) >= _FIRST_WEB_CHECK,
        is_gone=None if failed in _UNKNOWN else failed in _NO_RECORD,
        certificate_ends_at=certificate_ends_at,
    )


def is_check_due(domain: RegisteredDomain, now: datetime) -> bool:
    """Whether to check a domain again: daily if it is ok, else hourly."""
    if domain.checked_at is None or domain.state is None:
        return True
    interval = _INTERVAL_IF_OK if domain.state.status == DomainStatus.OK else _INTERVAL
    return now - domain.checked_at >= interval


def does_certificate_end_soon(domain: RegisteredDomain, now: datetime) -> bool:
    """Whether a certificate that should have been renewed ends within 14 days, or has ended."""
    return domain.certificate_ends_at is not None and domain.certificate_ends_at - now < _CERTIFICATE_MARGIN
