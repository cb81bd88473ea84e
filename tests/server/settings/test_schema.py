from pathlib import Path

from clicktrail.server.settings import Settings


def test_all_data_is_in_the_data_folder() -> None:
    settings = Settings(data_dir="/srv/clicktrail")
    assert {
        settings.data_path,
        settings.journal_path.parent,
        settings.analytics_path.parent,
        settings.registry_path.parent,
        settings.networks_path.parent,
        settings.keyring_path.parent,
        settings.overrides_path.parent,
        settings.run_file_path.parent,
    } == {Path("/srv/clicktrail")}
