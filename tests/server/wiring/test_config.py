from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from clicktrail import keyring_file
from clicktrail.errors import SettingsError
from clicktrail.model.consent import UnknownConsentAction
from clicktrail.model.link import LinkReason
from clicktrail.rewrite import DkimKey
from clicktrail.rewrite.dkim import sign
from clicktrail.server import settings
from clicktrail.server.settings.schema import Settings, TrackingSettings, UtmSettings
from clicktrail.server.wiring.config import build_tracker, read_convention, read_domains, read_relay_convention
from clicktrail.tracking import Tracker
from clicktrail.utm import ExistingUtmAction

PRIVATE_KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PEM = PRIVATE_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
DKIM = '[dkim]\ndomain = "Example.com"\nselector = "mail"\nprivate_key_file = "dkim.pem"\n'


def built(folder: Path, text: str) -> Tracker:
    """The tracker of a settings file in a folder."""
    file = folder / "clicktrail.toml"
    file.write_text(text, "utf-8")
    keyring_file.load_or_create(folder / "clicktrail-data" / keyring_file.FILE_NAME, earlier_data_paths=[])
    return build_tracker(settings.load(file, {}))


def test_without_settings_links_are_tracked_and_nothing_is_signed(tmp_path: Path) -> None:
    tracker = built(tmp_path, "")
    assert (UnknownConsentAction.TRACK, ()) == (tracker.policy.unknown_consent, tracker.dkim_keys)
    assert tracker.sensitive_rules
    assert tracker.sensitive_rules.find_rule(b"Subject: Reset your password\n\n", stream="")


def test_a_preset_is_a_policy(tmp_path: Path) -> None:
    assert (
        LinkReason.FOOTER in built(tmp_path, '[tracking]\npolicy = "conversion-links-only"\n').policy.untracked_reasons
    )


def test_a_policy_file_lies_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text('unknown_consent = "anonymous"', "utf-8")
    tracker = built(tmp_path, '[tracking]\npolicy = "policy.toml"\n')
    assert UnknownConsentAction.ANONYMOUS is tracker.policy.unknown_consent


def test_a_dkim_key_lies_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "dkim.pem").write_bytes(PEM)
    (key,) = built(tmp_path, DKIM).dkim_keys
    written = DkimKey(domain="example.com", selector="mail", private_key=PRIVATE_KEY)
    raw, at = b"From: a@example.com\r\n\r\n", datetime(2026, 11, 23, tzinfo=UTC)
    assert sign(raw, written, signed_at=at) == sign(raw, key, signed_at=at)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('[tracking]\npolicy = "polciy.toml"', r"cannot read the policy .*polciy\.toml"),
        ('[tracking]\npolicy = "latin.toml"', r"the policy .*latin\.toml is not UTF-8"),
        (DKIM, r"cannot read the DKIM key .*dkim\.pem"),
        (DKIM.replace("dkim.pem", "latin.toml"), r"the DKIM key of Example\.com is not an unencrypted private key"),
        ('[dkim]\ndomain = "example.com"\nselector = "x"', r"dkim\.private_key_file is missing"),
    ],
)
def test_what_cannot_be_used_is_said_at_the_start(tmp_path: Path, text: str, error: str) -> None:
    (tmp_path / "latin.toml").write_bytes(b"\xe9")
    with pytest.raises(SettingsError, match=error):
        built(tmp_path, text)


def test_the_settings_own_keys() -> None:
    convention = read_convention(Settings(utm=UtmSettings(medium="drip", own_hosts=("x.com",), existing="keep")))
    assert ("email", "drip", "", ("x.com",), ExistingUtmAction.KEEP) == (
        convention.source,
        convention.medium,
        convention.content,
        convention.own_hosts,
        convention.existing,
    )


def test_a_file_in_their_place(tmp_path: Path) -> None:
    file = tmp_path / "utm.toml"
    file.write_text('medium = "offer"\n[mediums]\noffer = "YYYY_description"\n', "utf-8")
    convention = read_relay_convention(Settings(utm=UtmSettings(convention_file=str(file))))
    assert ("offer", "{location}_{element}", {"offer": "YYYY_description"}) == (
        convention.medium,
        convention.content,
        convention.mediums,
    )


def test_the_relay_refuses_no_links(tmp_path: Path) -> None:
    file = tmp_path / "utm.toml"
    file.write_text('existing = "refuse"', "utf-8")
    settings = Settings(utm=UtmSettings(convention_file=str(file)))
    assert ExistingUtmAction.REFUSE is read_convention(settings).existing
    with pytest.raises(SettingsError, match=r"existing is 'refuse' in .*utm\.toml"):
        read_relay_convention(settings)


@pytest.mark.parametrize(("content", "error"), [(None, "cannot read"), (b"\xe9", "is not UTF-8"), (b"a =", "not TOML")])
def test_a_file_that_cannot_be_used(tmp_path: Path, content: bytes | None, error: str) -> None:
    file = tmp_path / "utm.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=error):
        read_convention(Settings(utm=UtmSettings(convention_file=str(file))))


def test_domains_come_with_the_texts_of_their_files(tmp_path: Path) -> None:
    (tmp_path / "android.json").write_text("[]")
    file = tmp_path / "domains.toml"
    file.write_text('[[domain]]\nhost = "a.example"\nassetlinks = "android.json"')
    (domain,) = read_domains(Settings(tracking=TrackingSettings(domains_file=str(file))))
    assert ("a.example", "[]", "") == (domain.host, domain.assetlinks, domain.apple_app_site_association)


def test_without_a_file_there_are_no_domains() -> None:
    assert () == read_domains(Settings())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot read .*domains\.toml"):
        read_domains(Settings(tracking=TrackingSettings(domains_file=str(tmp_path / "domains.toml"))))
