"""Build the relay's tracker from the settings and the files that they name."""

from importlib import resources
from pathlib import Path

from clicktrail.errors import SettingsError
from clicktrail.rewrite import DkimKey, Policy, policy, sensitive
from clicktrail.rewrite.policy import Preset, preset
from clicktrail.rewrite.sensitive import SensitiveRules
from clicktrail.server import keystore
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.convention import relay_convention
from clicktrail.tracking import Tracker

__all__ = ["build_tracker", "read_dkim_keys", "read_policy", "read_sensitive_rules"]


def build_tracker(settings: Settings) -> Tracker:
    """What the relay makes tracked messages with.

    Raises:
        KeyRingError: there is no key ring that can be used.
        SettingsError: a file that the settings name cannot be read, or does not hold what it should.
    """
    return Tracker(
        ring=keystore.load(settings.data / keystore.NAME),
        domain=settings.tracking.domain,
        policy=read_policy(settings.tracking.policy),
        convention=relay_convention(settings),
        sensitive=read_sensitive_rules(),
        dkim=read_dkim_keys(settings),
    )


def read_policy(named: str) -> Policy:
    """The preset of a name, else the policy of a file.

    Raises:
        SettingsError: the file cannot be read, or is no policy.
    """
    if named in list(Preset):
        return preset(Preset(named))
    try:
        return policy.parse(_read(named, "policy", hint=f"presets are {', '.join(Preset)}").decode())
    except UnicodeDecodeError as error:
        raise SettingsError(f"the policy {named} is not UTF-8") from error


def read_sensitive_rules() -> SensitiveRules:
    """The rules that we ship on messages that pass untracked."""
    return sensitive.parse((resources.files("clicktrail.rewrite") / "data" / "sensitive.toml").read_text("utf-8"))


def read_dkim_keys(settings: Settings) -> tuple[DkimKey, ...]:
    """The keys of the sender's domains: the settings name one, or none.

    Raises:
        SettingsError: its file cannot be read, or holds no key that can sign.
    """
    dkim = settings.dkim
    if not dkim.domain:
        return ()
    pem = _read(dkim.private_key_file, "DKIM key")
    return (DkimKey.from_pem(pem, domain=dkim.domain, selector=dkim.selector),)


def _read(file: str, what: str, *, hint: str = "") -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read the {what} {file}: {error.strerror}", hint=hint) from error
