"""Tracking domains: every check of each domain of the registry, made now."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

from clicktrail.errors import ClicktrailError, KeyRingError
from clicktrail.model.hosts import extract_host, is_domain_name
from clicktrail.model.tracking_domain import RegisteredDomain
from clicktrail.server.doctor.findings import Finding, Severity
from clicktrail.server.pipeline.domain_checks import CheckStatus, DomainReport
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.domain_checker import check_domain

_MAX_CONCURRENT_CHECKS = 8
_SEVERITIES = {CheckStatus.FAIL: Severity.ERROR, CheckStatus.WARN: Severity.WARNING}


async def check_domains(settings: Settings, domains: Sequence[RegisteredDomain]) -> AsyncIterator[Finding]:
    """Check all domains that are not removed. Codes are those of `CheckCode`."""
    used = [domain for domain in domains if not domain.removed_at]
    host = extract_host(settings.tracking.domain)
    if is_domain_name(host) and host not in {domain.host for domain in used}:
        yield Finding(
            code="tracking-domain-not-added",
            severity=Severity.WARNING,
            message=f"the tracking domain {host} was never added, so neither its DNS nor its certificate is checked",
            hint=f"clicktrail domain add {host} prints its records, and has it checked from then on",
        )
    turns = asyncio.Semaphore(_MAX_CONCURRENT_CHECKS)
    for findings in await asyncio.gather(*(_check(settings, domain, turns) for domain in used)):
        for finding in findings:
            yield finding


async def _check(settings: Settings, domain: RegisteredDomain, turns: asyncio.Semaphore) -> list[Finding]:
    async with turns:
        try:
            report, _ = await check_domain(settings, domain)
        except KeyRingError:
            return []  # a finding about the installation
        except ClicktrailError as error:
            return [
                Finding(
                    code="domain-unchecked",
                    severity=Severity.ERROR,
                    message=f"the tracking domain {domain.host} cannot be checked: {error}",
                    hint=error.hint or "check [domains] targets in the settings",
                )
            ]
    return list(describe_report(report))


def describe_report(report: DomainReport) -> Iterator[Finding]:
    """A finding for each check that fails or warns."""
    for check in report.checks:
        if severity := _SEVERITIES.get(check.status):
            yield Finding(
                code=check.code,
                severity=severity,
                message=f"tracking domain {report.domain}: {check.cause.rstrip('.')}",
                hint=check.fix.rstrip("."),
            )
