from pathlib import Path

import pytest

from clicktrail.errors import SettingsError
from clicktrail.server.settings.sections import Settings, Tracking
from clicktrail.server.wiring.domains import read_domains


def test_domains_come_with_the_texts_of_their_files(tmp_path: Path) -> None:
    """Whose names are relative to the domains' file."""
    (tmp_path / "android.json").write_text("[]")
    file = tmp_path / "domains.toml"
    file.write_text('[[domain]]\nhost = "a.example"\nassetlinks = "android.json"')
    (domain,) = read_domains(Settings(tracking=Tracking(domains=str(file))))
    assert ("a.example", "[]", "") == (domain.host, domain.assetlinks, domain.apple_app_site_association)


def test_without_a_file_there_are_no_domains() -> None:
    """Every host is served then."""
    assert () == read_domains(Settings())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """Rather than every host refused."""
    with pytest.raises(SettingsError, match=r"cannot read .*domains\.toml"):
        read_domains(Settings(tracking=Tracking(domains=str(tmp_path / "domains.toml"))))
