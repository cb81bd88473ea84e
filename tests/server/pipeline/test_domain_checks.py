from clicktrail.server.pipeline.domain_checks import Check, CheckCode, CheckStatus, DomainStatus, build_report


def _check(code: CheckCode, status: CheckStatus, *, is_pending: bool = False) -> Check:
    return Check(code=code, status=status, cause="A cause.", fix=f"Fix {code}.", is_pending=is_pending)


def test_report_without_results_skips_every_check() -> None:
    report = build_report("links.example.com", [])

    assert [check.code for check in report.checks] == list(CheckCode)
    assert {check.status for check in report.checks} == {CheckStatus.SKIPPED}


def test_checks_after_a_failure_are_skipped() -> None:
    report = build_report(
        "links.example.com",
        [
            _check(CheckCode.RECORD_MISSING, CheckStatus.FAIL),
            _check(CheckCode.PORT_80_CLOSED, CheckStatus.FAIL),
            _check(CheckCode.TTL_LONG, CheckStatus.WARN),
            _check(CheckCode.LAME_DELEGATION, CheckStatus.WARN),
        ],
    )

    statuses = {check.code: check.status for check in report.checks}
    assert statuses[CheckCode.LAME_DELEGATION] is CheckStatus.WARN
    assert statuses[CheckCode.RECORD_MISSING] is CheckStatus.FAIL
    assert statuses[CheckCode.TTL_LONG] is CheckStatus.SKIPPED
    assert statuses[CheckCode.PORT_80_CLOSED] is CheckStatus.SKIPPED
    assert report.status is DomainStatus.FAILING
    assert report.next_step == "Fix record-missing."


def test_warnings_leave_the_domain_ok() -> None:
    report = build_report("links.example.com", [_check(code, CheckStatus.WARN) for code in CheckCode])

    assert report.status is DomainStatus.OK
    assert report.next_step is None


def test_pending_propagation_makes_the_domain_pending() -> None:
    report = build_report("links.example.com", [_check(CheckCode.PROPAGATING, CheckStatus.WARN, is_pending=True)])

    assert report.status is DomainStatus.PENDING
    assert report.next_step == "Fix propagating."


def test_failure_of_a_pending_domain_is_failing() -> None:
    report = build_report(
        "links.example.com",
        [
            _check(CheckCode.PROPAGATING, CheckStatus.WARN, is_pending=True),
            _check(CheckCode.CAA_FORBIDS, CheckStatus.FAIL),
        ],
    )

    assert report.status is DomainStatus.FAILING
    assert report.next_step == "Fix caa-forbids."
