from pathlib import Path

import pytest

from clicktrail.errors import SettingsError
from clicktrail.server.settings.sections import Settings, Utm
from clicktrail.server.wiring.convention import read_convention, relay_convention
from clicktrail.utm import Existing


def test_the_settings_own_keys() -> None:
    """Nothing is named in utm_content unless the settings say so."""
    convention = read_convention(Settings(utm=Utm(medium="drip", own_hosts=("x.com",), existing="keep")))
    assert ("email", "drip", "", ("x.com",), Existing.KEEP) == (
        convention.source,
        convention.medium,
        convention.content,
        convention.own_hosts,
        convention.existing,
    )


def test_a_file_in_their_place(tmp_path: Path) -> None:
    """It says all that a convention says, its mediums among it."""
    file = tmp_path / "utm.toml"
    file.write_text('medium = "offer"\n[mediums]\noffer = "YYYY_description"\n', "utf-8")
    convention = relay_convention(Settings(utm=Utm(convention=str(file))))
    assert ("offer", "{location}_{element}", {"offer": "YYYY_description"}) == (
        convention.medium,
        convention.content,
        convention.mediums,
    )


def test_the_relay_refuses_no_links(tmp_path: Path) -> None:
    """Whoever could change a link is not there when a message passes; a command's user is."""
    file = tmp_path / "utm.toml"
    file.write_text('existing = "refuse"', "utf-8")
    settings = Settings(utm=Utm(convention=str(file)))
    assert Existing.REFUSE is read_convention(settings).existing
    with pytest.raises(SettingsError, match=r"existing is 'refuse' in .*utm\.toml"):
        relay_convention(settings)


@pytest.mark.parametrize(("content", "error"), [(None, "cannot read"), (b"\xe9", "is not UTF-8"), (b"a =", "not TOML")])
def test_a_file_that_cannot_be_used(tmp_path: Path, content: bytes | None, error: str) -> None:
    """The reason is said in one line."""
    file = tmp_path / "utm.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=error):
        read_convention(Settings(utm=Utm(convention=str(file))))
