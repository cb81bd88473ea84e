"""Read the UTM convention that the settings give: by keys of their own, or by the name of a file."""

from pathlib import Path

from clicktrail.errors import SettingsError
from clicktrail.server.settings import Settings
from clicktrail.utm import Convention, Existing, parse

__all__ = ["read_convention", "relay_convention"]


def read_convention(settings: Settings) -> Convention:
    """The convention of the settings.

    Raises:
        SettingsError: the file cannot be read, or is no convention.
    """
    utm = settings.utm
    if utm.convention:
        return parse(_read(Path(utm.convention)))
    return Convention(
        source=utm.source,
        medium=utm.medium,
        campaign=utm.campaign,
        content=utm.content,
        term=utm.term,
        own_hosts=utm.own_hosts,
        existing=Existing(utm.existing),
    )


def relay_convention(settings: Settings) -> Convention:
    """The same for the relay, which has nobody to ask about a link.

    Raises:
        SettingsError: as for `read_convention`, or the convention refuses links.
    """
    convention = read_convention(settings)
    if convention.existing is Existing.REFUSE:
        raise SettingsError(
            f"existing is 'refuse' in {settings.utm.convention}", hint="the relay takes fill, keep or replace"
        )
    return convention


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise SettingsError(f"cannot read the convention {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"the convention {file} is not UTF-8") from error
