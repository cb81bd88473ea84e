"""Read the tracking domains and the files that they name."""

from pathlib import Path

from msgspec.structs import replace

from clicktrail.errors import SettingsError
from clicktrail.server.pipeline.domains import Domain, parse_domains
from clicktrail.server.settings import Settings

__all__ = ["read_domains"]


def read_domains(settings: Settings) -> tuple[Domain, ...]:
    """All tracking domains, with the texts of their files in place of the names; none where no file of them is named.

    Raises:
        SettingsError: a file is missing, or the domains cannot be read.
    """
    if not settings.tracking.domains:
        return ()
    file = Path(settings.tracking.domains)
    return tuple(
        replace(
            domain,
            apple_app_site_association=_text(file.parent, domain.apple_app_site_association),
            assetlinks=_text(file.parent, domain.assetlinks),
        )
        for domain in parse_domains(_read(file))
    )


def _text(folder: Path, name: str) -> str:
    return _read(folder / name) if name else ""


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read {file}, which the domains name: {error}") from error
