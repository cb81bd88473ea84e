"""Check a tracking domain: its DNS, then the web ports of the addresses that DNS gives."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from clicktrail.esp.base import Esp
from clicktrail.esp.catalogue import find_esp_of_target
from clicktrail.server.domains.dns_client import DnsClient
from clicktrail.server.domains.dns_probe import probe_dns
from clicktrail.server.domains.dns_records import read_resolver_answer
from clicktrail.server.domains.web_probe import MAX_STEPS, WebProber
from clicktrail.server.pipeline.alignment import check_alignment
from clicktrail.server.pipeline.dns_checks import check_dns
from clicktrail.server.pipeline.domain_checks import CheckStatus, DomainReport, build_report
from clicktrail.server.pipeline.domain_targets import ExpectedTarget
from clicktrail.server.pipeline.public_suffixes import find_organisational_domain
from clicktrail.server.pipeline.web_checks import check_web
from clicktrail.tokens import EdgeProof

_MAX_CHECK_S: Final = 29.0
"""For the whole check. Of this, the look-ups of the DNS client may take its time budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedDomain:
    """Results of a check.

    Attributes:
        certificate_ends_at: end of the certificate that the domain answers with; None if it answers with none, or if
            its DNS fails.
    """

    report: DomainReport
    certificate_ends_at: datetime | None = None


class DomainChecker:
    """Checks tracking domains.

    Args:
        create_dns_client: a client has the time budget of one check.
        web: probes the web ports.
        proof: proves that our edge answers.
    """

    def __init__(self, *, create_dns_client: Callable[[], DnsClient], web: WebProber, proof: EdgeProof) -> None:
        self._create_dns_client = create_dns_client
        self._web = web
        self._proof = proof

    async def check(self, host: str, expected: ExpectedTarget, *, sender: str = "") -> CheckedDomain:
        """Check one domain; this takes less than 30 s.

        Args:
            host: host name in lower-case ASCII.
            expected: where its record should lead.
            sender: address that mail is sent from; empty not to compare its domain with the host.
        """
        deadline = asyncio.get_running_loop().time() + _MAX_CHECK_S
        client = self._create_dns_client()
        facts = await probe_dns(host, expected, client=client)
        results = check_dns(facts, expected)
        if sender:
            results.append(check_alignment(host, sender))
        if any(result.status is CheckStatus.FAIL for result in results):
            return CheckedDomain(report=build_report(host, results))
        left_s = deadline - asyncio.get_running_loop().time()
        prober = replace(self._web, timeout_s=min(self._web.timeout_s, left_s / MAX_STEPS))
        web = await prober.probe_web(
            host,
            sorted(map(str, facts.addresses)),
            proof=None if expected.esp else self._proof,
            find_parents=lambda: self._find_parents(client, host),
        )
        results += check_web(web, esp=expected.esp.title if expected.esp else "")
        return CheckedDomain(report=build_report(host, results), certificate_ends_at=web.certificate_ends_at)

    async def find_esp(self, host: str, expected: ExpectedTarget) -> Esp | None:
        """The ESP that a host leads to now, by the zone's own servers or by a resolver; None if to none that is known.

        Args:
            host: host name in lower-case ASCII.
            expected: where its record should lead.
        """
        facts = await probe_dns(host, expected, client=self._create_dns_client())
        answers = [*facts.answers, *(resolver.answer for resolver in facts.resolvers)]
        names = [name for answer in answers for name in (*answer.aliases, *answer.chain)]
        return next((esp for name in names if (esp := find_esp_of_target(name))), None)

    async def _find_parents(self, client: DnsClient, host: str) -> Mapping[str, Sequence[str]]:
        """Addresses of the organisational domain and its ``www``, whose HSTS may cover the host."""
        parent = find_organisational_domain(host)
        names = (parent, f"www.{parent}")
        found = await asyncio.gather(*(self._find_addresses(client, name) for name in names))
        return {name: addresses for name, addresses in zip(names, found, strict=True) if addresses}

    async def _find_addresses(self, client: DnsClient, name: str) -> Sequence[str]:
        replies = await asyncio.gather(*(client.resolve(name, kind) for kind in ("A", "AAAA")))
        return sorted(map(str, read_resolver_answer(name, replies).addresses))
