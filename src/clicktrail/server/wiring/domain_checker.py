"""Build what checks the tracking domains of the registry by the settings."""

from functools import partial

from clicktrail import keyring_file
from clicktrail.esp.base import Region
from clicktrail.model.tracking_domain import DomainCheckResult, RegisteredDomain
from clicktrail.server.domains.checking import DomainChecker
from clicktrail.server.domains.dns_client import DnsClient
from clicktrail.server.domains.web_probe import WebProber
from clicktrail.server.pipeline.domain_checks import DomainReport
from clicktrail.server.pipeline.domain_states import summarize_report
from clicktrail.server.pipeline.domain_targets import (
    ExpectedTarget,
    build_esp_target,
    build_named_target,
    build_own_target,
)
from clicktrail.server.settings import Settings
from clicktrail.server.system import SystemClock
from clicktrail.tokens import EdgeProof


def build_checker(settings: Settings) -> DomainChecker:
    """Build the checker.

    Raises:
        KeyRingError: the key ring is missing or unreadable.
    """
    return DomainChecker(
        create_dns_client=partial(create_dns_client, settings),
        web=WebProber(
            clock=SystemClock(), http_port=settings.domains.http_port, https_port=settings.domains.https_port
        ),
        proof=EdgeProof(keyring_file.load(settings.keyring_path)),
    )


def create_dns_client(settings: Settings) -> DnsClient:
    """Create a client, which has the time budget of one check."""
    return DnsClient(resolvers=settings.dns.resolvers, port=settings.dns.port, timeout_s=settings.dns.timeout)


def find_expected_target(settings: Settings, domain: RegisteredDomain) -> ExpectedTarget:
    """Where the record of a domain should lead.

    Raises:
        ClicktrailError: the settings or the domain do not say it, or say something that is not possible.
    """
    if domain.esp:
        return build_esp_target(domain.esp, Region(domain.region), domain.target or None)
    return build_named_target(domain.target) if domain.target else build_own_target(settings.domains.targets)


async def check_domain(
    settings: Settings, domain: RegisteredDomain, *, sender: str = ""
) -> tuple[DomainReport, DomainCheckResult]:
    """Check a domain of the registry. Returns the report, and what to store of it.

    Args:
        settings: targets, resolvers and ports.
        domain: the domain.
        sender: address that mail is sent from; empty not to compare its domain with the host.

    Raises:
        ClicktrailError: where its record should lead is unknown, or ``sender`` is no address.
        KeyRingError: the key ring is missing or unreadable.
    """
    expected = find_expected_target(settings, domain)
    checked = await build_checker(settings).check(domain.host, expected, sender=sender)
    result = summarize_report(
        checked.report, checked_at=SystemClock().now(), certificate_ends_at=checked.certificate_ends_at
    )
    return checked.report, result


async def check_state(settings: Settings, domain: RegisteredDomain) -> DomainCheckResult:
    """Check a domain of the registry. Returns what to store.

    Raises:
        ClicktrailError: where its record should lead is unknown.
        KeyRingError: the key ring is missing or unreadable.
    """
    _, result = await check_domain(settings, domain)
    return result
