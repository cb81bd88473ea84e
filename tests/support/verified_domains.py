"""Tracking domains in the registry that a check has verified."""

from datetime import datetime

from clicktrail import keyring_file
from clicktrail.model.tracking_domain import DomainCheckResult, DomainState, RegisteredDomain, TrackingDomain
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.domain_copy import copy_domains
from clicktrail.server.wiring.stores import open_registry


async def add_domains(
    settings: Settings, *hosts: str, at: datetime, is_verified: bool = True, is_gone: bool = False, esp: str = ""
) -> None:
    """Add tracking domains with the result of one check, and copy them for the edge."""
    keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    state = DomainState(since=at, status="ok")
    async with open_registry(settings) as registry:
        for host in hosts:
            site = TrackingDomain(host=host)
            await registry.domains.put(RegisteredDomain(site=site, added_at=at, esp=esp))
            result = DomainCheckResult(state=state, is_verified=is_verified, is_gone=is_gone)
            await registry.domains.record_check(host, result)
        await copy_domains(settings, registry)
