"""Read the tracking domains from the files that the settings name."""

from pathlib import Path

from msgspec.structs import replace

from clicktrail.server.pipeline.tracking_domains import TrackingDomain, parse_domains
from clicktrail.server.settings import Settings, read_text


def read_domains(settings: Settings) -> tuple[TrackingDomain, ...]:
    """All tracking domains, with the texts of the app association files that they name; empty without a domains file.

    Raises:
        SettingsError: a file cannot be read, or is no domains file.
    """
    if not settings.tracking.domains_file:
        return ()
    return tuple(
        replace(
            domain,
            apple_app_site_association=_read_app_file(settings, domain.apple_app_site_association),
            assetlinks=_read_app_file(settings, domain.assetlinks),
        )
        for domain in _parse_domains_file(settings)
    )


def list_domain_files(settings: Settings) -> tuple[Path, ...]:
    """The files that `read_domains` reads: the domains file, then those that it names.

    Raises:
        SettingsError: the domains file cannot be read, or is invalid.
    """
    if not settings.tracking.domains_file:
        return ()
    path = Path(settings.tracking.domains_file)
    names = {
        name
        for domain in _parse_domains_file(settings)
        for name in (domain.apple_app_site_association, domain.assetlinks)
        if name
    }
    return (path, *(path.parent / name for name in sorted(names)))


def _parse_domains_file(settings: Settings) -> tuple[TrackingDomain, ...]:
    return parse_domains(read_text(Path(settings.tracking.domains_file), "domains file"))


def _read_app_file(settings: Settings, name: str) -> str:
    return read_text(Path(settings.tracking.domains_file).parent / name, "app association file") if name else ""
