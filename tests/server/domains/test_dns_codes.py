"""Each fault of a zone is named, alone; healthy zones pass. The zones are in `zones`."""

import pytest

from clicktrail.esp.base import Region
from clicktrail.server.pipeline.dns_checks import DNS_CODES
from clicktrail.server.pipeline.domain_checks import CheckCode, DomainStatus
from clicktrail.server.pipeline.domain_targets import ExpectedTarget, build_esp_target, build_own_target
from tests.server.domains.reports import EDGE, complaints, describe, read_found, report_domain
from tests.support.dns_network import LOOPBACK, DnsNetwork
from tests.support.waiting import TIMEOUT_S

pytestmark = pytest.mark.allow_hosts(LOOPBACK)

EDGES = build_own_target(["edge.own.test", "edge2.own.test"])
EDGE_ADDRESSES = build_own_target(["192.0.2.10", "2001:db8::10"])


def _edge(*targets: str) -> ExpectedTarget:
    return build_own_target(targets)


def _esp(name: str, region: Region = Region.US, target: str | None = None) -> ExpectedTarget:
    return build_esp_target(name, region, target)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("links.cname.test", EDGE),
        ("links.chain.test", EDGE),
        ("links.signed.test", EDGE),
        ("links.flattened.test", EDGE),
        ("links.flattened.test", EDGE_ADDRESSES),
        ("links.cname.test", EDGE_ADDRESSES),
        ("links.ipv4.test", EDGE),
        ("links.flattenedcdn.test", _edge("behindcdn.own.test")),
        ("links.edges.test", EDGES),
        ("links.cname.test", EDGES),
        ("apex.test", EDGE),
        ("links.wild.test", EDGE),
        ("links.caa.test", EDGE),
        ("links.caawild.test", EDGE),
        ("links.challenge.test", _esp("sendgrid")),
        ("links.sendgrid.test", _esp("sendgrid")),
        ("auto.sendgrid.test", _esp("sendgrid")),
        ("eu.sendgrid.test", _esp("sendgrid", Region.EU)),
        ("links.mailgun.test", _esp("mailgun")),
        ("eu.mailgun.test", _esp("mailgun", Region.EU)),
        ("links.klaviyo.test", _esp("klaviyo")),
        ("links.postmark.test", _esp("postmark", target="abc123.pstmrk.net")),
        ("a.b.c.several-levels.test", EDGE),
        ("links.tcp.test", EDGE),
        ("links.slow.test", EDGE),
        ("links.onesilent.test", EDGE),
    ],
)
async def test_healthy_zone_passes(network: DnsNetwork, host: str, expected: ExpectedTarget) -> None:
    report = await report_domain(network, host, expected)

    assert complaints(report) == [], describe(report)
    assert report.status is DomainStatus.OK
    assert report.next_step is None


FAULTS = [
    ("links.gone.test", EDGE, "nxdomain-at-parent"),
    ("links.refused.test", EDGE, "lame-delegation"),
    ("links.absent.test", EDGE, "lame-delegation"),
    ("links.notauth.test", EDGE, "lame-delegation"),
    ("links.silent.test", EDGE, "lame-delegation"),
    ("links.truncated.test", EDGE, "lame-delegation"),
    ("links.bogus.test", EDGE, "dnssec-broken"),
    ("links.missing.test", EDGE, "record-missing"),
    ("links.nodata.test", EDGE, "record-missing"),
    ("links.doubled.test", EDGE, "zone-name-doubled"),
    ("links.doubledwild.test", EDGE, "zone-name-doubled"),
    ("links.lastdot.test", EDGE, "zone-name-doubled"),
    ("links.lastdotesp.test", _esp("sendgrid"), "zone-name-doubled"),
    ("links.wildcard.test", EDGE, "wildcard-answer"),
    ("links.wildcardcname.test", EDGE, "wildcard-answer"),
    ("links.wrong.test", EDGE, "target-wrong"),
    ("links.wrongname.test", EDGE, "target-wrong"),
    ("links.otheresp.test", EDGE, "target-wrong"),
    ("links.otheresp.test", _esp("sendgrid"), "target-wrong"),
    ("links.emptytarget.test", _edge("empty.own.test"), "target-wrong"),
    ("links.loop.test", EDGE, "target-wrong"),
    ("links.mixed.test", EDGE, "several-records"),
    ("links.two.test", EDGE, "several-records"),
    ("links.edges.test", EDGE, "several-records"),
    ("links.typo.test", EDGE, "target-typo"),
    ("esp.typo.test", _esp("sendgrid"), "target-typo"),
    ("esp.typo.test", EDGE, "target-typo"),
    ("links.region.test", _esp("sendgrid"), "target-of-other-region"),
    ("us.region.test", _esp("mailgun", Region.EU), "target-of-other-region"),
    ("links.returnpath.test", _esp("postmark", target="abc123.pstmrk.net"), "esp-return-path-target"),
    ("sg.returnpath.test", _esp("sendgrid"), "esp-return-path-target"),
    ("links.proxied.test", EDGE, "cdn-proxy"),
    ("links.fastly.test", EDGE, "cdn-proxy"),
    ("links.ipv6.test", EDGE, "ipv6-elsewhere"),
    ("links.ipv6mixed.test", EDGE, "ipv6-elsewhere"),
    ("links.onlyipv6.test", EDGE, "ipv6-only"),
    ("name.onlyipv6.test", _edge("edge6.own.test"), "ipv6-only"),
    ("links.caaforbids.test", EDGE, "caa-forbids"),
    ("links.caanone.test", EDGE, "caa-forbids"),
    ("links.caaown.test", EDGE, "caa-forbids"),
    ("links.caatarget.test", _edge("forbidden.own.test"), "caa-forbids"),
    ("links.caacritical.test", EDGE, "caa-forbids"),
    ("links.klaviyo.test", _edge("dct.klaviyodns.com"), "caa-forbids"),
    ("links.caarefused.test", EDGE, "caa-unanswered"),
    ("links.caasilent.test", EDGE, "caa-unanswered"),
    ("links.aliastobogus.test", _edge("edge.bogus.test"), "dnssec-broken"),
    ("links.innerloop.test", EDGE, "target-wrong"),
    ("apexcname.test", EDGE, "cname-at-apex"),
    ("links.beside.test", EDGE, "cname-beside-records"),
    ("links.besidea.test", EDGE, "cname-beside-records"),
]


@pytest.mark.parametrize(("host", "expected", "code"), FAULTS)
async def test_fault_is_named_alone(network: DnsNetwork, host: str, expected: ExpectedTarget, code: str) -> None:
    report = await report_domain(network, host, expected)

    assert complaints(report) == [(code, "fail")], describe(report)
    assert report.status is DomainStatus.FAILING
    failed = next(check for check in report.checks if check.code == code)
    assert report.next_step == failed.fix
    assert failed.found
    assert failed.expected
    assert failed.cause.endswith(".")


WARNINGS = [
    ("links.onelame.test", EDGE, "lame-delegation"),
    ("links.longttl.test", EDGE, "ttl-long"),
    ("links.leftover.test", EDGE, "acme-challenge-leftover"),
    ("links.leftovercname.test", EDGE, "acme-challenge-leftover"),
    ("links.challenge.test", _edge("click.sendgrid.net"), "acme-challenge-leftover"),
]


@pytest.mark.parametrize(("host", "expected", "code"), WARNINGS)
async def test_warning_is_named_alone(network: DnsNetwork, host: str, expected: ExpectedTarget, code: str) -> None:
    report = await report_domain(network, host, expected)

    assert complaints(report) == [(code, "warn")], describe(report)
    assert report.status is DomainStatus.OK
    assert report.next_step is None


@pytest.mark.parametrize(
    ("host", "expected", "code", "text"),
    [
        ("links.bogus.test", EDGE, "dnssec-broken", "links.bogus.test: DNSSEC Bogus (6)"),
        ("links.aliastobogus.test", _edge("edge.bogus.test"), "dnssec-broken", "edge.bogus.test: DNSSEC Bogus (6)"),
        (
            "links.loop.test",
            EDGE,
            "target-wrong",
            "CNAME a.loop.test > b.loop.test > links.loop.test > a.loop.test (no address)",
        ),
        (
            "links.innerloop.test",
            EDGE,
            "target-wrong",
            "CNAME a.innerloop.test > b.innerloop.test > a.innerloop.test (no address)",
        ),
    ],
)
async def test_found_text(network: DnsNetwork, host: str, expected: ExpectedTarget, code: str, text: str) -> None:
    assert read_found(await report_domain(network, host, expected), code) == text


@pytest.mark.parametrize(
    ("expected", "code"), [(EDGE, CheckCode.TARGET_WRONG), (_edge("10.1.0.1"), CheckCode.SEVERAL_RECORDS)]
)
async def test_answer_of_4000_addresses(network: DnsNetwork, expected: ExpectedTarget, code: CheckCode) -> None:
    report = await report_domain(network, "links.huge.test", expected, timeout_s=TIMEOUT_S)

    assert complaints(report) == [(code, "fail")], describe(report)
    assert read_found(report, code) == "A 10.1.0.0, 10.1.0.1, 10.1.0.2, 10.1.0.3 and 3,996 more"


@pytest.mark.parametrize(
    ("host", "expected", "text"),
    [
        ("links.missing.test", EDGE, "create `links.missing.test. 300 IN CNAME edge.own.test.`"),
        ("links.missing.test", EDGE_ADDRESSES, "IN A 192.0.2.10` and `links.missing.test. 300 IN AAAA 2001:db8::10`"),
        ("missing.test", EDGE, "create `missing.test. 300 IN A 192.0.2.10` and"),
        ("links.doubled.test", EDGE, "rename the record to links."),
        ("links.mixed.test", EDGE, "remove the records of links.mixed.test with A 203.0.113.9."),
        ("links.onlyipv6.test", EDGE, "replace the records of links.onlyipv6.test by"),
        ("name.onlyipv6.test", _edge("edge6.own.test"), "create an A record of edge6.own.test"),
        (
            "links.caatarget.test",
            _edge("forbidden.own.test"),
            '300 IN CAA 0 issue "letsencrypt.org"',
        ),
        ("links.caacritical.test", EDGE, "remove the CAA records of caacritical.test with the flag 128"),
        ("links.loop.test", EDGE, "replace the records of links.loop.test by"),
        ("links.otheresp.test", _esp("sendgrid"), "`links.otheresp.test. 300 IN CNAME sendgrid.net.`"),
        ("links.returnpath.test", _esp("postmark", target="abc123.pstmrk.net"), "DNS Settings"),
    ],
)
async def test_next_step_names_what_to_change(
    network: DnsNetwork, host: str, expected: ExpectedTarget, text: str
) -> None:
    report = await report_domain(network, host, expected)

    assert text in (report.next_step or "")


def test_every_code_of_dns_has_a_zone() -> None:
    assert set(DNS_CODES) - {code for _, _, code in FAULTS + WARNINGS} == {CheckCode.PROPAGATING}  # test_propagation
