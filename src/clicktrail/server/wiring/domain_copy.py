"""Copy the tracking domains from the registry to the file that the edge reads."""

import asyncio
from functools import partial

from clicktrail.model.tracking_domain import ServedDomain
from clicktrail.server import served_domains
from clicktrail.server.log import get_logger
from clicktrail.server.served_domains import ServedDomains
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.jobs import run_periodically
from clicktrail.server.wiring.overrides import COPY_INTERVAL_S
from clicktrail.server.wiring.stores import Registry

_LOG = get_logger(component="domains")


async def run_domain_copy(stopping: asyncio.Event, settings: Settings, registry: Registry) -> None:
    """Copy the domains every few seconds: another machine may have changed them. Commands copy their own changes."""
    await run_periodically(
        partial(copy_domains, settings, registry),
        stopping,
        interval_s=COPY_INTERVAL_S,
        on_error=lambda error: _LOG.warning("cannot copy tracking domains, trying again", error=error),
    )


async def copy_domains(settings: Settings, registry: Registry) -> None:
    """Copy the domains of our edge once, the removed ones too: their links are in sent mail.

    Raises:
        StorageError: the registry does not answer, or the file cannot be written.
    """
    path = settings.served_domains_path
    async with served_domains.lock_copy(path):
        domains = [domain for domain in await registry.domains.list_all() if not domain.esp]
        served = tuple(
            ServedDomain(site=domain.site, verified_at=domain.verified_at, gone_since=domain.gone_since)
            for domain in domains
        )
        await asyncio.to_thread(served_domains.write, path, ServedDomains(domains=served))
