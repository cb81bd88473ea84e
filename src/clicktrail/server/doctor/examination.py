"""Examine all subjects that were asked for, and sort what is found."""

import asyncio

from clicktrail.server.doctor.findings import Finding, sort_findings
from clicktrail.server.doctor.installation import diagnose_installation, inspect_installation
from clicktrail.server.doctor.relay import check_next_hop
from clicktrail.server.service_locks import Component, find_running
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.relay import build_next_hop_config


async def examine(settings: Settings) -> list[Finding]:
    """Findings about the installation, worst first.

    Raises:
        SettingsError: a file that the settings name cannot be read or used.
    """
    findings = [*diagnose_installation(await asyncio.to_thread(inspect_installation, settings))]
    running = find_running(settings.data_path)
    if not running or Component.RELAY in running:  # on a machine without relay, the next hop is not its matter
        findings += await check_next_hop(build_next_hop_config(settings))
    return sort_findings(findings)
