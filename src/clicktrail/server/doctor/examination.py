"""Examine all subjects that were asked for, and sort what is found."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from clicktrail.errors import KeyRingError, StorageError
from clicktrail.model.tracking_domain import RegisteredDomain
from clicktrail.server.doctor.campaign import diagnose_campaign, inspect_campaign
from clicktrail.server.doctor.domains import check_domains
from clicktrail.server.doctor.findings import Finding, Severity, sort_findings
from clicktrail.server.doctor.installation import diagnose_installation, inspect_installation
from clicktrail.server.doctor.landing_page import diagnose_landing_page, fetch_landing_page, select_pages
from clicktrail.server.doctor.message import diagnose_message
from clicktrail.server.doctor.message_inspection import inspect_message
from clicktrail.server.doctor.received_message import iter_opened
from clicktrail.server.doctor.relay import check_next_hop
from clicktrail.server.service_locks import Component, find_running
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.relay import build_next_hop_config
from clicktrail.server.wiring.stores import open_registry_read_only


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What to examine besides the installation.

    Attributes:
        message: a received message; None for none.
        campaign: name of a campaign; None for none.
        fetches_landing_pages: whether to fetch the pages that the message's links lead to.
    """

    message: bytes | None = None
    campaign: str | None = None
    fetches_landing_pages: bool = False


async def examine(settings: Settings, examination: Examination) -> list[Finding]:
    """Findings about the installation and what else is examined, worst first.

    Raises:
        SettingsError: a file that the settings name cannot be read or used.
    """
    findings = [*diagnose_installation(await asyncio.to_thread(inspect_installation, settings))]
    running = find_running(settings.data_path)
    if not running or Component.RELAY in running:  # on a machine without relay, the next hop is not its matter
        findings += await check_next_hop(build_next_hop_config(settings))
    findings += [finding async for finding in _examine_domains(settings)]
    findings += [finding async for finding in _examine_subjects(settings, examination)]
    return sort_findings(findings)


async def _examine_domains(settings: Settings) -> AsyncIterator[Finding]:
    if not settings.registry.url and not settings.registry_path.exists():
        return  # nothing was ever stored
    try:
        domains = await _list_domains(settings)
    except StorageError as error:
        yield _describe_unreadable(error)
        return
    async for finding in check_domains(settings, domains):
        yield finding


async def _list_domains(settings: Settings) -> Sequence[RegisteredDomain]:
    async with open_registry_read_only(settings) as registry:
        try:
            return await registry.domains.list_all()
        except StorageError:  # a busy machine may take longer than one attempt
            return await registry.domains.list_all()


def _describe_unreadable(error: StorageError) -> Finding:
    return Finding(code="not-readable", severity=Severity.ERROR, message=str(error), hint=error.hint or "see the log")


async def _examine_subjects(settings: Settings, examination: Examination) -> AsyncIterator[Finding]:
    try:
        if examination.message is not None:
            state = await inspect_message(settings, examination.message)
            for finding in diagnose_message(state):
                yield finding
            if examination.fetches_landing_pages:
                locations = [opening.location for _, opening in iter_opened(state.links) if opening.location]
                for url in select_pages(locations):
                    for finding in diagnose_landing_page(await asyncio.to_thread(fetch_landing_page, url)):
                        yield finding
        if examination.campaign is not None:
            campaign = await asyncio.to_thread(inspect_campaign, settings, examination.campaign)
            for finding in diagnose_campaign(campaign):
                yield finding
    except KeyRingError:
        return  # a finding about the installation; without it, no link can be opened
    except StorageError as error:
        yield _describe_unreadable(error)
