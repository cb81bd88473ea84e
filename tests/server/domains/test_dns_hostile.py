"""Resolvers that stall, lie or refuse, and little time: there is a clear result, and no exception."""

import pytest

from clicktrail.server.domains.dns_client import DnsClient
from clicktrail.server.domains.dns_probe import probe_dns
from clicktrail.server.pipeline.dns_checks import check_dns
from clicktrail.server.pipeline.domain_checks import DomainStatus, build_report
from tests.server.domains.reports import EDGE, complaints, describe, read_found, report_domain
from tests.server.domains.zones import (
    FOREIGN_IDS,
    LIAR,
    REFUSING,
    SERVFAIL,
    SILENT,
    SLOW_RESOLVER,
    TRUNCATING,
    WITHOUT_PARENTS,
)
from tests.support.dns_network import LOOPBACK, RESOLVER, DnsNetwork

pytestmark = [pytest.mark.allow_hosts(LOOPBACK), pytest.mark.timeout(30)]


@pytest.mark.parametrize("resolver", [SILENT, REFUSING, FOREIGN_IDS, TRUNCATING])
async def test_without_a_resolver_the_report_names_the_setting(network: DnsNetwork, resolver: str) -> None:
    report = await report_domain(network, "links.cname.test", resolvers=(resolver,))

    assert complaints(report) == [("lame-delegation", "fail")], describe(report)
    assert read_found(report, "lame-delegation") == "no resolver answers"
    assert "dns.resolvers" in (report.next_step or "")


@pytest.mark.parametrize("resolver", [LIAR, SERVFAIL])
async def test_resolver_that_finds_no_name_servers_fails_with_one_next_step(network: DnsNetwork, resolver: str) -> None:
    report = await report_domain(network, "links.cname.test", resolvers=(resolver,))

    assert complaints(report) == [("lame-delegation", "fail")], describe(report)
    assert read_found(report, "lame-delegation") == "no name server"


@pytest.mark.parametrize("host", ["links.cname.test", "links.signed.test", "links.klaviyo.test"])
async def test_slow_resolver_is_waited_for(network: DnsNetwork, host: str) -> None:
    report = await report_domain(network, host, resolvers=(SLOW_RESOLVER,))
    usual = await report_domain(network, host)

    assert complaints(report) == complaints(usual), describe(report)


@pytest.mark.parametrize("host", ["links.cname.test", "links.missing.test", "links.bogus.test", "links.onelame.test"])
async def test_zone_is_found_without_its_parents(network: DnsNetwork, host: str) -> None:
    report = await report_domain(network, host, resolvers=(WITHOUT_PARENTS,))
    usual = await report_domain(network, host)

    assert complaints(report) == complaints(usual), describe(report)


@pytest.mark.parametrize("host", ["links.silent.test", "links.slow.test", "links.onesilent.test", "links.huge.test"])
async def test_used_up_time_ends_in_a_report(network: DnsNetwork, host: str) -> None:
    client = DnsClient(resolvers=(RESOLVER, SILENT), port=network.port, timeout_s=2.0, budget_s=0.3)
    report = build_report(host, check_dns(await probe_dns(host, EDGE, client=client), EDGE))

    assert report.status is not DomainStatus.OK
    assert report.next_step


@pytest.mark.parametrize(
    "host", ["_x.cname.test", f"{'a' * 63}.{'b' * 63}.{'c' * 63}.cname.test", "1.2.3.4.5.6.7.8.9.10.cname.test"]
)
async def test_unusual_host_is_missing(network: DnsNetwork, host: str) -> None:
    report = await report_domain(network, host)

    assert complaints(report) == [("record-missing", "fail")], describe(report)


async def test_port_where_nothing_listens(network: DnsNetwork) -> None:
    report = await report_domain(network, "links.cname.test", resolvers=("127.0.0.99",))

    assert complaints(report) == [("lame-delegation", "fail")], describe(report)


async def test_system_resolvers_are_used_without_a_setting() -> None:
    assert DnsClient().resolvers == DnsClient(resolvers=()).resolvers
