from pathlib import Path

import pytest

from clicktrail.errors import SettingsError
from clicktrail.server.settings.schema import Settings, TrackingSettings
from clicktrail.server.wiring.domains import list_domain_files, read_domains


def test_domains_contain_the_texts_of_app_association_files(tmp_path: Path) -> None:
    (tmp_path / "android.json").write_text("[]")
    file = tmp_path / "domains.toml"
    file.write_text('[[domain]]\nhost = "a.example"\nassetlinks = "android.json"')
    settings = Settings(tracking=TrackingSettings(domains_file=str(file)))
    (domain,) = read_domains(settings)
    assert (file, tmp_path / "android.json") == list_domain_files(settings)
    assert (domain.host, domain.assetlinks, domain.apple_app_site_association) == ("a.example", "[]", "")


def test_no_domains_file_means_no_domains() -> None:
    assert (read_domains(Settings()), list_domain_files(Settings())) == ((), ())


def test_missing_domains_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot read the domains file .*domains\.toml"):
        read_domains(Settings(tracking=TrackingSettings(domains_file=str(tmp_path / "domains.toml"))))
