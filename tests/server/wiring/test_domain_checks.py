import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from clicktrail import keyring_file
from clicktrail.errors import ClicktrailError
from clicktrail.model.tracking_domain import DomainCheckResult, DomainState, RegisteredDomain, TrackingDomain
from clicktrail.server.settings.schema import Settings
from clicktrail.server.wiring.domain_checks import DomainCheckJob
from clicktrail.server.wiring.stores import Registry, open_registry
from tests.support.edge import NOW
from tests.support.settable_clock import SettableClock

HOST, OTHER = "links.example.com", "links.example.org"
CAUSES = {"ok": "", "pending": "propagating", "failing": "record-missing"}


class CheckedDomains:
    """A job on a registry, whose checks find what a test sets.

    Attributes:
        statuses: status that the next check finds, by host.
        checked: hosts in the order of their checks.
    """

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.clock = SettableClock()
        self.clock.time = NOW
        self.statuses: dict[str, str] = {}
        self.certificate_days = 90
        self.checked: list[str] = []
        self.job = DomainCheckJob(registry.domains, check=self._check, clock=self.clock)

    async def _check(self, domain: RegisteredDomain) -> DomainCheckResult:
        self.checked.append(domain.host)
        status = self.statuses.get(domain.host, "ok")
        if status == "unknown":
            raise ClicktrailError("the setting domains.targets is empty")
        now = self.clock.now()
        return DomainCheckResult(
            state=DomainState(since=now, status=status, code=CAUSES[status], next_step="Do it."),
            is_verified=status == "ok",
            is_gone=status == "failing",
            certificate_ends_at=now + timedelta(days=self.certificate_days),
        )

    async def run(self, *, after: timedelta = timedelta(0)) -> list[str]:
        """Run the job some time later. Returns what was logged."""
        self.clock.time += after
        with structlog.testing.capture_logs() as log:
            await self.job.run_once(asyncio.Event())
        return [f"{entry['log_level']} {entry['domain']} {entry['status']} {entry['code']}".rstrip() for entry in log]

    def list_problems(self) -> dict[str, str]:
        return {problem.code: problem.hint for problem in self.job.collect_problems()}


@pytest.fixture
async def domains(tmp_path: Path) -> AsyncIterator[CheckedDomains]:
    """Two domains in a registry."""
    settings = Settings(data_dir=str(tmp_path))
    keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    async with open_registry(settings) as registry:
        for host in (HOST, OTHER):
            await registry.domains.put(RegisteredDomain(site=TrackingDomain(host=host), added_at=NOW))
        yield CheckedDomains(registry)


async def test_domains_are_checked_hourly_until_ok_then_daily(domains: CheckedDomains) -> None:
    domains.statuses = {OTHER: "pending"}
    for minutes in (0, 1, 59, 1):
        await domains.run(after=timedelta(minutes=minutes))
    assert domains.checked == [HOST, OTHER, OTHER]
    domains.statuses = {}
    await domains.run(after=timedelta(hours=1))
    await domains.run(after=timedelta(hours=22))
    assert domains.checked == [HOST, OTHER, OTHER, OTHER, HOST]


async def test_changes_of_state_are_stored_and_logged(domains: CheckedDomains) -> None:
    domains.statuses = {HOST: "failing"}
    assert await domains.run() == [f"warning {HOST} failing record-missing", f"info {OTHER} ok"]
    assert await domains.run(after=timedelta(hours=1)) == []
    domains.statuses = {}
    assert await domains.run(after=timedelta(hours=1)) == [f"info {HOST} ok"]
    states = await domains.registry.domains.list_states(HOST)
    assert [(state.status, state.code, state.since - NOW) for state in states] == [
        ("failing", "record-missing", timedelta(0)),
        ("ok", "", timedelta(hours=2)),
    ]


async def test_failing_domains_are_a_problem_unless_removed(domains: CheckedDomains) -> None:
    domains.statuses = {HOST: "failing", OTHER: "failing"}
    await domains.run()
    assert domains.list_problems() == {
        "domains-failing": f"{HOST} (record-missing) and 1 more: clicktrail domain list shows the next step of each"
    }
    await domains.registry.domains.remove(HOST, at=NOW)
    await domains.run()
    assert domains.list_problems()["domains-failing"].startswith(f"{OTHER} (record-missing): ")
    domains.statuses = {}
    await domains.run(after=timedelta(hours=1))
    assert domains.list_problems() == {}


async def test_certificate_that_was_not_renewed_is_a_problem(domains: CheckedDomains) -> None:
    await domains.run()
    await domains.run(after=timedelta(days=75))
    assert domains.list_problems() == {}
    domains.certificate_days = 13
    await domains.run(after=timedelta(days=1))
    assert list(domains.list_problems()) == ["certificate-ends-soon"]
    domains.certificate_days = 90
    await domains.run(after=timedelta(days=1))
    assert domains.list_problems() == {}


async def test_domain_that_cannot_be_checked_stops_no_others(domains: CheckedDomains) -> None:
    domains.statuses = {HOST: "unknown"}
    assert await domains.run() == [f"info {OTHER} ok"]
    assert domains.list_problems() == {"domains-unchecked": f"{HOST}: the setting domains.targets is empty"}
