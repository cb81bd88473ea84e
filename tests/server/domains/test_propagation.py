"""Propagation: the zone's own servers are right, and others do not know it yet."""

from threading import Event

import dns.asyncquery
import dns.message
import pytest
from dnslib import RCODE

from clicktrail.server.pipeline.domain_checks import DomainStatus
from tests.server.domains.reports import complaints, describe, read_found, report_domain
from tests.server.domains.zones import LIAR, REFUSING, SERVFAIL, SILENT
from tests.support.dns_network import LOOPBACK, RESOLVER, DnsNetwork

pytestmark = pytest.mark.allow_hosts(LOOPBACK)


async def _ask_resolver(network: DnsNetwork, name: str) -> dns.message.Message:
    query = dns.message.make_query(name, "A")
    return await dns.asyncquery.udp(query, RESOLVER, timeout=5, port=network.port)


async def test_older_answer_of_a_resolver_is_pending_with_the_minutes_left(network: DnsNetwork) -> None:
    report = await report_domain(network, "links.late.test")

    assert complaints(report) == [("propagating", "warn")], describe(report)
    assert report.status is DomainStatus.PENDING
    assert read_found(report, "propagating") == "resolver 127.0.0.1: A 203.0.113.9 for 42 more minutes"
    assert report.next_step
    assert "42 minutes" in report.next_step


async def test_resolver_without_the_new_record_is_pending_for_the_negative_ttl(
    network: DnsNetwork, record_created: Event
) -> None:
    host = "links.created.test"
    assert (await _ask_resolver(network, host)).rcode() == RCODE.NXDOMAIN
    missing = await report_domain(network, host)
    record_created.set()

    report = await report_domain(network, host)

    assert complaints(missing) == [("record-missing", "fail")], describe(missing)
    assert complaints(report) == [("propagating", "warn")], describe(report)
    assert report.status is DomainStatus.PENDING
    assert read_found(report, "propagating") == "resolver 127.0.0.1: NXDOMAIN for 10 more minutes"


async def test_right_in_a_cache_and_wrong_at_the_zones_servers_fails(network: DnsNetwork) -> None:
    report = await report_domain(network, "links.gonewrong.test")

    assert complaints(report) == [("target-wrong", "fail")], describe(report)
    assert report.status is DomainStatus.FAILING


async def test_name_servers_that_differ_are_a_warning(network: DnsNetwork) -> None:
    report = await report_domain(network, "links.differ.test")

    assert complaints(report) == [("propagating", "warn")], describe(report)
    assert report.status in {DomainStatus.OK, DomainStatus.PENDING}  # as the resolver chose a server


async def test_name_servers_that_differ_leave_the_domain_ok_if_resolvers_are_right(network: DnsNetwork) -> None:
    report = await report_domain(network, "links.differ2.test")

    assert complaints(report) == [("propagating", "warn")], describe(report)
    assert report.status is DomainStatus.OK
    assert read_found(report, "propagating") == "ns2.differ2.test (127.0.0.12): A 203.0.113.9"


async def test_resolver_that_lies_is_pending(network: DnsNetwork) -> None:
    report = await report_domain(network, "links.cname.test", resolvers=(RESOLVER, LIAR))

    assert complaints(report) == [("propagating", "warn")], describe(report)
    assert read_found(report, "propagating") == f"resolver {LIAR}: A 203.0.113.66 for 10 more minutes"


async def test_resolver_that_fails_is_pending(network: DnsNetwork) -> None:
    report = await report_domain(network, "links.cname.test", resolvers=(RESOLVER, SERVFAIL))

    assert complaints(report) == [("propagating", "warn")], describe(report)
    assert read_found(report, "propagating") == f"resolver {SERVFAIL}: SERVFAIL"


@pytest.mark.parametrize("other", [SILENT, REFUSING])
async def test_resolver_that_is_silent_or_refuses_shows_nothing(network: DnsNetwork, other: str) -> None:
    for resolvers in ((RESOLVER, other), (other, RESOLVER)):
        report = await report_domain(network, "links.cname.test", resolvers=resolvers)

        assert complaints(report) == [], describe(report)
