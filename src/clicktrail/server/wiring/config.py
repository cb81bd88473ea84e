"""Build the relay's tracker from the settings and the files that they name."""

from importlib import resources
from pathlib import Path

from msgspec.structs import replace

from clicktrail import keyring_file
from clicktrail.errors import SettingsError
from clicktrail.rewrite import DkimKey, Policy, policy, sensitive
from clicktrail.rewrite.policy import Preset, build_preset_policy
from clicktrail.rewrite.sensitive import SensitiveRules
from clicktrail.server.pipeline.tracking_domains import TrackingDomain, parse_domains
from clicktrail.server.settings import Settings
from clicktrail.tracking import Tracker
from clicktrail.utm import Convention, ExistingUtmAction, parse_convention

__all__ = [
    "build_tracker",
    "read_convention",
    "read_dkim_keys",
    "read_domains",
    "read_policy",
    "read_relay_convention",
    "read_sensitive_rules",
]

# FOLDED convention.py: Read the UTM convention that the settings give: by keys of their own, or by the name of
# a file.


def read_convention(settings: Settings) -> Convention:
    """The convention of the settings.

    Raises:
        SettingsError: the file cannot be read, or is no convention.
    """
    utm = settings.utm
    if utm.convention_file:
        return parse_convention(_read_convention_file(Path(utm.convention_file)))
    return Convention(
        source=utm.source,
        medium=utm.medium,
        campaign=utm.campaign,
        content=utm.content,
        term=utm.term,
        own_hosts=utm.own_hosts,
        existing=ExistingUtmAction(utm.existing),
    )


def read_relay_convention(settings: Settings) -> Convention:
    """The same for the relay, which has nobody to ask about a link.

    Raises:
        SettingsError: as for `read_convention`, or the convention refuses links.
    """
    convention = read_convention(settings)
    if convention.existing is ExistingUtmAction.REFUSE:
        raise SettingsError(
            f"existing is 'refuse' in {settings.utm.convention_file}", hint="the relay takes fill, keep or replace"
        )
    return convention


def _read_convention_file(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise SettingsError(f"cannot read the convention {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"the convention {file} is not UTF-8") from error


def build_tracker(settings: Settings) -> Tracker:
    """What the relay makes tracked messages with.

    Raises:
        KeyRingError: there is no key ring that can be used.
        SettingsError: a file that the settings name cannot be read, or does not hold what it should.
    """
    return Tracker(
        ring=keyring_file.load(settings.data_path / keyring_file.FILE_NAME),
        domain=settings.tracking.domain,
        policy=read_policy(settings.tracking.policy),
        convention=read_relay_convention(settings),
        sensitive_rules=read_sensitive_rules(),
        dkim_keys=read_dkim_keys(settings),
    )


def read_policy(name_or_path: str) -> Policy:
    """The preset of a name, else the policy of a file.

    Raises:
        SettingsError: the file cannot be read, or is no policy.
    """
    if name_or_path in list(Preset):
        return build_preset_policy(Preset(name_or_path))
    try:
        return policy.parse_policy(_read_file(name_or_path, "policy", hint=f"presets are {', '.join(Preset)}").decode())
    except UnicodeDecodeError as error:
        raise SettingsError(f"the policy {name_or_path} is not UTF-8") from error


def read_sensitive_rules() -> SensitiveRules:
    """The rules that we ship on messages that pass untracked."""
    return sensitive.parse_sensitive_rules(
        (resources.files("clicktrail.rewrite") / "data" / "sensitive.toml").read_text("utf-8")
    )


def read_dkim_keys(settings: Settings) -> tuple[DkimKey, ...]:
    """The keys of the sender's domains: the settings name one, or none.

    Raises:
        SettingsError: its file cannot be read, or holds no key that can sign.
    """
    dkim = settings.dkim
    if not dkim.domain:
        return ()
    pem = _read_file(dkim.private_key_file, "DKIM key")
    return (DkimKey.from_pem(pem, domain=dkim.domain, selector=dkim.selector),)


def _read_file(file: str, kind: str, *, hint: str = "") -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read the {kind} {file}: {error.strerror}", hint=hint) from error


# FOLDED domains.py: Read the tracking domains and the files that they name.


def read_domains(settings: Settings) -> tuple[TrackingDomain, ...]:
    """All tracking domains, with the texts of their files in place of the names; none where no file of them is named.

    Raises:
        SettingsError: a file is missing, or the domains cannot be read.
    """
    if not settings.tracking.domains_file:
        return ()
    file = Path(settings.tracking.domains_file)
    return tuple(
        replace(
            domain,
            apple_app_site_association=_read_named_file(file.parent, domain.apple_app_site_association),
            assetlinks=_read_named_file(file.parent, domain.assetlinks),
        )
        for domain in parse_domains(_read_domains_file(file))
    )


def _read_named_file(folder: Path, name: str) -> str:
    return _read_domains_file(folder / name) if name else ""


def _read_domains_file(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read {file}, which the domains name: {error}") from error
