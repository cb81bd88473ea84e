"""Build what the settings describe from the files that they name: tracker, policy, UTM convention."""

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from clicktrail.errors import SettingsError
from clicktrail.model.link import Preset
from clicktrail.rewrite import DkimKey, Policy, policy, sensitive
from clicktrail.rewrite.policy import build_preset_policy
from clicktrail.rewrite.sensitive import SensitiveRules
from clicktrail.server.settings import Settings, read_text
from clicktrail.utm import Convention, ExistingUtmAction, parse_convention

if TYPE_CHECKING:
    from clicktrail.tracking import Tracker


def build_tracker(settings: Settings) -> "Tracker":
    """Build the relay's tracker.

    Raises:
        KeyRingError: the key ring cannot be used.
        SettingsError: a file that the settings name cannot be read or used.
    """
    # Slow to import, and `clicktrail utm` does not need them.
    from clicktrail import keyring_file
    from clicktrail.tracking import Tracker

    return Tracker(
        ring=keyring_file.load(settings.keyring_path),
        domain=settings.tracking.domain,
        policy=read_policy(settings.tracking.policy),
        convention=read_relay_convention(settings),
        sensitive_rules=read_sensitive_rules(),
        dkim_keys=read_dkim_keys(settings),
    )


def read_policy(name_or_path: str) -> Policy:
    """Policy of a preset's name, or of a policy file.

    Raises:
        SettingsError: the file cannot be read, or is no policy.
    """
    if name_or_path in list(Preset):
        return build_preset_policy(Preset(name_or_path))
    text = read_text(Path(name_or_path), "policy", hint=f"presets are {', '.join(Preset)}")
    return policy.parse_policy(text)


def read_convention(settings: Settings) -> Convention:
    """UTM convention of the file that the settings name, or of their keys.

    Raises:
        SettingsError: the file cannot be read, or is no convention.
    """
    utm = settings.utm
    if utm.convention_file:
        return parse_convention(read_text(Path(utm.convention_file), "convention"))
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
    """UTM convention for the relay, which cannot refuse a link.

    Raises:
        SettingsError: as for `read_convention`, or the convention refuses links.
    """
    convention = read_convention(settings)
    if convention.existing is ExistingUtmAction.REFUSE:
        raise SettingsError(
            f"existing is 'refuse' in {settings.utm.convention_file}", hint="the relay takes fill, keep or replace"
        )
    return convention


def read_sensitive_rules() -> SensitiveRules:
    """The rules for sensitive messages that the package ships."""
    return sensitive.parse_sensitive_rules(
        (resources.files("clicktrail.rewrite") / "data" / "sensitive.toml").read_text("utf-8")
    )


def read_dkim_keys(settings: Settings) -> tuple[DkimKey, ...]:
    """The DKIM key that the settings name, if any.

    Raises:
        SettingsError: the key's file cannot be read, or holds no key that can sign.
    """
    dkim = settings.dkim
    if not dkim.domain:
        return ()
    pem = read_text(Path(dkim.private_key_file), "DKIM key").encode()
    return (DkimKey.from_pem(pem, domain=dkim.domain, selector=dkim.selector),)
