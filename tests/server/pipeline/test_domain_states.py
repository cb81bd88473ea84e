from datetime import timedelta

import pytest
from msgspec.structs import replace

from clicktrail.model.tracking_domain import DomainState, RegisteredDomain, ServedDomain, TrackingDomain
from clicktrail.server.pipeline.domain_checks import Check, CheckCode, CheckStatus, build_report
from clicktrail.server.pipeline.domain_states import does_certificate_end_soon, is_check_due, summarize_report
from tests.support.edge import NOW

DOMAIN = RegisteredDomain(site=TrackingDomain(host="links.example.com"), added_at=NOW)


def summarize(*results: tuple[CheckCode, CheckStatus]) -> tuple[str, str, bool, bool | None]:
    """Status, code, whether DNS is verified and whether the name is gone, of a report with these results."""
    checks = [
        Check(code=code, status=status, fix="Do this.", is_pending=code is CheckCode.PROPAGATING)
        for code, status in results
    ]
    result = summarize_report(build_report(DOMAIN.host, checks), checked_at=NOW, certificate_ends_at=NOW)
    assert (result.state.since, result.certificate_ends_at) == (NOW, NOW)
    assert bool(result.state.next_step) == (result.state.status != "ok")
    return result.state.status, result.state.code, result.is_verified, result.is_gone


FAIL, WARN, PASS = CheckStatus.FAIL, CheckStatus.WARN, CheckStatus.PASS
PROPAGATING = (CheckCode.PROPAGATING, WARN)


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([(CheckCode.TTL_LONG, PASS)], ("ok", "", True, False)),
        ([(CheckCode.TTL_LONG, WARN), (CheckCode.NOT_ALIGNED, WARN)], ("ok", "ttl-long", True, False)),
        ([(CheckCode.RECORD_MISSING, FAIL)], ("failing", "record-missing", False, True)),
        ([(CheckCode.NXDOMAIN_AT_PARENT, FAIL)], ("failing", "nxdomain-at-parent", False, True)),
        ([(CheckCode.LAME_DELEGATION, FAIL)], ("failing", "lame-delegation", False, None)),
        ([(CheckCode.DNSSEC_BROKEN, FAIL)], ("failing", "dnssec-broken", False, None)),
        ([(CheckCode.TARGET_WRONG, FAIL)], ("failing", "target-wrong", False, False)),
        ([(CheckCode.CAA_FORBIDS, FAIL)], ("failing", "caa-forbids", False, False)),
        ([(CheckCode.PORT_80_CLOSED, FAIL)], ("failing", "port-80-closed", True, False)),
        ([(CheckCode.LAME_DELEGATION, WARN), PROPAGATING], ("pending", "propagating", True, False)),
        ([PROPAGATING, (CheckCode.PORT_443_CLOSED, FAIL)], ("failing", "port-443-closed", True, False)),
    ],
)
def test_report_is_summarized(
    results: list[tuple[CheckCode, CheckStatus]], expected: tuple[str, str, bool, bool | None]
) -> None:
    assert summarize(*results) == expected


@pytest.mark.parametrize(
    ("status", "minutes", "is_due"),
    [("ok", 61, False), ("ok", 24 * 60, True), ("pending", 59, False), ("pending", 60, True), ("failing", 60, True)],
)
def test_check_is_due_daily_or_hourly(status: str, minutes: int, is_due: bool) -> None:
    checked = replace(DOMAIN, checked_at=NOW, state=DomainState(since=NOW, status=status))
    assert is_check_due(checked, NOW + timedelta(minutes=minutes)) is is_due


def test_new_domain_is_checked_at_once() -> None:
    assert is_check_due(DOMAIN, NOW)


@pytest.mark.parametrize(("days", "ends_soon"), [(15, False), (13, True), (-1, True)])
def test_certificate_ends_soon_within_14_days(days: int, ends_soon: bool) -> None:
    domain = replace(DOMAIN, certificate_ends_at=NOW + timedelta(days=days))
    assert does_certificate_end_soon(domain, NOW) is ends_soon
    assert not does_certificate_end_soon(DOMAIN, NOW)


def test_certificates_are_for_verified_names_that_are_not_gone_for_a_week() -> None:
    never, verified = ServedDomain(site=DOMAIN.site), ServedDomain(site=DOMAIN.site, verified_at=NOW)
    gone = replace(verified, gone_since=NOW)
    assert not never.may_have_certificate(NOW)
    assert verified.may_have_certificate(NOW + timedelta(days=999))
    assert [gone.may_have_certificate(NOW + timedelta(days=days)) for days in (0, 6, 7)] == [True, True, False]
