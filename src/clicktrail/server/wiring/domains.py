"""Read the tracking domains that the edge serves from the data folder, and a domains file for the import."""

from collections.abc import Iterable
from pathlib import Path

from msgspec.structs import replace

from clicktrail.model.hosts import extract_host, is_domain_name
from clicktrail.model.tracking_domain import ServedDomain, TrackingDomain
from clicktrail.server import served_domains
from clicktrail.server.pipeline.tracking_domains import parse_domains
from clicktrail.server.settings import Settings, read_text


def read_sites(settings: Settings) -> tuple[TrackingDomain, ...]:
    """The sites of `list_sites`, from the file of the data folder.

    Raises:
        StorageError: the file cannot be read.
    """
    return list_sites(settings, served_domains.read(settings.served_domains_path).domains)


def list_sites(settings: Settings, domains: Iterable[ServedDomain]) -> tuple[TrackingDomain, ...]:
    """The sites that the edge serves; empty to serve every host, as before the first domain is added.

    The host of ``tracking.domain`` is among them even if it was never added: its links are in sent mail. An IP address
    is not, because every scanner of addresses knows it.
    """
    sites = tuple(domain.site for domain in domains)
    host = extract_host(settings.tracking.domain)
    if not sites or not is_domain_name(host) or host in {site.host for site in sites}:
        return sites
    return (*sites, TrackingDomain(host=host))


def read_domains_file(path: Path) -> tuple[TrackingDomain, ...]:
    """The domains of a domains file, with the texts of the app association files that it names.

    Raises:
        SettingsError: a file cannot be read, or is no domains file.
    """
    return tuple(
        replace(
            domain,
            apple_app_site_association=_read_app_file(path, domain.apple_app_site_association),
            assetlinks=_read_app_file(path, domain.assetlinks),
        )
        for domain in parse_domains(read_text(path, "domains file"))
    )


def _read_app_file(path: Path, name: str) -> str:
    return read_text(path.parent / name, "app association file") if name else ""
