"""Check a domain's DNS, and read what the report complains about."""

from collections.abc import Sequence

from clicktrail.server.domains.dns_client import DnsClient
from clicktrail.server.domains.dns_probe import probe_dns
from clicktrail.server.pipeline.dns_checks import check_dns
from clicktrail.server.pipeline.domain_checks import CheckStatus, DomainReport, build_report
from clicktrail.server.pipeline.domain_targets import ExpectedTarget, build_own_target
from tests.support.dns_network import RESOLVER, DnsNetwork

EDGE = build_own_target(["edge.own.test"])


async def report_domain(
    network: DnsNetwork,
    host: str,
    expected: ExpectedTarget = EDGE,
    *,
    resolvers: Sequence[str] = (RESOLVER,),
    timeout_s: float = 3.0,
) -> DomainReport:
    """Check a domain's DNS, with more patience than usual: the machine may be busy."""
    client = DnsClient(resolvers=resolvers, port=network.port, timeout_s=timeout_s, budget_s=60.0)
    facts = await probe_dns(host, expected, client=client)
    return build_report(host, check_dns(facts, expected))


def complaints(report: DomainReport) -> list[tuple[str, str]]:
    return [
        (check.code.value, check.status.value)
        for check in report.checks
        if check.status in {CheckStatus.FAIL, CheckStatus.WARN}
    ]


def describe(report: DomainReport) -> str:
    return "\n".join(f"{check.code} {check.status}: {check.found} {check.cause} {check.fix}" for check in report.checks)


def read_found(report: DomainReport, code: str) -> str:
    return next(check.found for check in report.checks if check.code == code)
