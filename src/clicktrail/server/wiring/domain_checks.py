"""The engine's job: check tracking domains again, keep their states, and report what fails."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from clicktrail.errors import ClicktrailError
from clicktrail.model.tracking_domain import DomainCheckResult, RegisteredDomain
from clicktrail.server.log import get_logger
from clicktrail.server.monitoring.heartbeat import Problem
from clicktrail.server.pipeline.domain_checks import DomainStatus
from clicktrail.server.pipeline.domain_states import does_certificate_end_soon, is_check_due
from clicktrail.server.ports import Clock, Domains
from clicktrail.server.wiring.jobs import run_periodically

CheckDomain = Callable[[RegisteredDomain], Awaitable[DomainCheckResult]]

_LOG = get_logger(component="domains")
_INTERVAL_S = 30.0
"""Until a domain that was added or imported gets its first check."""


class DomainCheckJob:
    """Checks the domains that are due, one after the other.

    Args:
        domains: the registry's.
        check: checks one domain. If it raises ClicktrailError, the domain cannot be checked with these settings.
        clock: the time.
    """

    def __init__(self, domains: Domains, *, check: CheckDomain, clock: Clock) -> None:
        self._domains = domains
        self._check = check
        self._clock = clock
        self._problems: tuple[Problem, ...] = ()

    async def run(self, stopping: asyncio.Event) -> None:
        """Check the domains that are due, until stopped."""
        await run_periodically(
            lambda: self.run_once(stopping),
            stopping,
            interval_s=_INTERVAL_S,
            on_error=lambda error: _LOG.error("cannot check tracking domains, trying again", error=error),
        )

    async def run_once(self, stopping: asyncio.Event) -> None:
        """Check each domain that is due.

        Raises:
            StorageError: the registry does not answer.
        """
        unchecked: dict[str, str] = {}
        for domain in await self._domains.list_all():
            if not stopping.is_set() and is_check_due(domain, self._clock.now()):
                try:
                    result = await self._check(domain)
                except ClicktrailError as error:
                    unchecked[domain.host] = str(error)
                    continue
                await self._domains.record_check(domain.host, result)
                _log_change(domain, result)
        self._problems = self._build_problems(await self._domains.list_all(), unchecked)

    def collect_problems(self) -> Sequence[Problem]:
        """What was wrong with the domains at the latest run."""
        return self._problems

    def _build_problems(self, domains: Sequence[RegisteredDomain], unchecked: dict[str, str]) -> tuple[Problem, ...]:
        used = [domain for domain in domains if not domain.removed_at]
        failing = [
            f"{domain.host} ({domain.state.code})"
            for domain in used
            if domain.state and domain.state.status == DomainStatus.FAILING
        ]
        ending = [
            f"{domain.host} ({domain.certificate_ends_at:%Y-%m-%d})"
            for domain in domains
            if does_certificate_end_soon(domain, self._clock.now())
        ]
        problems = []
        if failing:
            hint = f"{_list_few(failing)}: clicktrail domain list shows the next step of each"
            problems.append(Problem(code="domains-failing", hint=hint))
        if ending:
            hint = f"not renewed: {_list_few(ending)}: clicktrail domain check shows what keeps the CA from issuing"
            problems.append(Problem(code="certificate-ends-soon", hint=hint))
        if unchecked:
            hint = f"{_list_few(list(unchecked))}: {next(iter(unchecked.values()))}"
            problems.append(Problem(code="domains-unchecked", hint=hint))
        return tuple(problems)


def _list_few(texts: Sequence[str]) -> str:
    """The first of them: a heartbeat is limited to 4 KiB."""
    first = texts[0]
    return first if len(texts) == 1 else f"{first} and {len(texts) - 1} more"


def _log_change(domain: RegisteredDomain, result: DomainCheckResult) -> None:
    old, new = domain.state, result.state
    if old is None or (old.status, old.code) != (new.status, new.code):
        log = _LOG.warning if new.status == DomainStatus.FAILING else _LOG.info
        log("domain.checked", domain=domain.host, status=new.status, code=new.code, next_step=new.next_step)
