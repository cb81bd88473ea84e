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
from clicktrail.server.settings.schema import Settings, UtmSettings
from clicktrail.server.wiring.config import (
    build_tracker,
    read_convention,
    read_relay_convention,
)
from clicktrail.tracking import Tracker
from clicktrail.utm import ExistingUtmAction

PRIVATE_KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PEM = PRIVATE_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
DKIM = '[dkim]\ndomain = "Example.com"\nselector = "mail"\nprivate_key_file = "dkim.pem"\n'


def build(folder: Path, text: str) -> Tracker:
    """Build the tracker of a settings file."""
    file = folder / "clicktrail.toml"
    file.write_text(text, "utf-8")
    keyring_file.load_or_create(folder / "clicktrail-data" / keyring_file.FILE_NAME, earlier_data_paths=[])
    return build_tracker(settings.load(file, {}))


def test_defaults_track_links_and_sign_nothing(tmp_path: Path) -> None:
    tracker = build(tmp_path, "")
    assert (tracker.policy.unknown_consent, tracker.dkim_keys) == (UnknownConsentAction.TRACK, ())
    assert tracker.sensitive_rules
    assert tracker.sensitive_rules.find_rule(b"Subject: Reset your password\n\n", stream="")


def test_policy_can_be_a_preset(tmp_path: Path) -> None:
    assert (
        LinkReason.FOOTER in build(tmp_path, '[tracking]\npolicy = "conversion-links-only"\n').policy.untracked_reasons
    )


def test_policy_file_is_relative_to_the_settings(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text('unknown_consent = "anonymous"', "utf-8")
    tracker = build(tmp_path, '[tracking]\npolicy = "policy.toml"\n')
    assert tracker.policy.unknown_consent is UnknownConsentAction.ANONYMOUS


def test_dkim_key_is_relative_to_the_settings(tmp_path: Path) -> None:
    (tmp_path / "dkim.pem").write_bytes(PEM)
    (key,) = build(tmp_path, DKIM).dkim_keys
    expected = DkimKey(domain="example.com", selector="mail", private_key=PRIVATE_KEY)
    raw, at = b"From: a@example.com\r\n\r\n", datetime(2026, 11, 23, tzinfo=UTC)
    assert sign(raw, expected, signed_at=at) == sign(raw, key, signed_at=at)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('[tracking]\npolicy = "polciy.toml"', r"cannot read the policy .*polciy\.toml"),
        ('[tracking]\npolicy = "latin.toml"', r"the policy .*latin\.toml is not UTF-8"),
        (DKIM, r"cannot read the DKIM key .*dkim\.pem"),
        (DKIM.replace("dkim.pem", "latin.toml"), r"the DKIM key .*latin\.toml is not UTF-8"),
        (
            DKIM.replace("dkim.pem", "clicktrail.toml"),
            r"the DKIM key of Example\.com is not an unencrypted private key",
        ),
        ('[dkim]\ndomain = "example.com"\nselector = "x"', r"dkim\.private_key_file is missing"),
    ],
)
def test_unusable_file_is_an_error(tmp_path: Path, text: str, error: str) -> None:
    (tmp_path / "latin.toml").write_bytes(b"\xe9")
    with pytest.raises(SettingsError, match=error):
        build(tmp_path, text)


def test_convention_is_built_from_settings() -> None:
    convention = read_convention(Settings(utm=UtmSettings(medium="drip", own_hosts=("x.com",), existing="keep")))
    assert (
        convention.source,
        convention.medium,
        convention.content,
        convention.own_hosts,
        convention.existing,
    ) == ("email", "drip", "", ("x.com",), ExistingUtmAction.KEEP)


def test_convention_file_replaces_settings(tmp_path: Path) -> None:
    file = tmp_path / "utm.toml"
    file.write_text('medium = "offer"\n[mediums]\noffer = "YYYY_description"\n', "utf-8")
    convention = read_relay_convention(Settings(utm=UtmSettings(convention_file=str(file))))
    assert (
        convention.medium,
        convention.content,
        convention.mediums,
    ) == ("offer", "{location}_{element}", {"offer": "YYYY_description"})


def test_relay_convention_cannot_refuse_links(tmp_path: Path) -> None:
    file = tmp_path / "utm.toml"
    file.write_text('existing = "refuse"', "utf-8")
    settings = Settings(utm=UtmSettings(convention_file=str(file)))
    assert read_convention(settings).existing is ExistingUtmAction.REFUSE
    with pytest.raises(SettingsError, match=r"existing is 'refuse' in .*utm\.toml"):
        read_relay_convention(settings)


@pytest.mark.parametrize(("content", "error"), [(None, "cannot read"), (b"\xe9", "is not UTF-8"), (b"a =", "not TOML")])
def test_unusable_convention_file_is_an_error(tmp_path: Path, content: bytes | None, error: str) -> None:
    file = tmp_path / "utm.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=error):
        read_convention(Settings(utm=UtmSettings(convention_file=str(file))))
