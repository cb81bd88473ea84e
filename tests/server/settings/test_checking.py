import pytest
from msgspec.structs import replace

from clicktrail.errors import SettingsError
from clicktrail.server.settings import Settings
from clicktrail.server.settings.checking import check
from clicktrail.server.settings.sections import Dkim, Engagement, Registry, Relay, Tracking


def test_the_defaults_can_be_used() -> None:
    """Without any settings file."""
    check(Settings())


@pytest.mark.parametrize(
    ("settings", "complaint", "hint"),
    [
        (Settings(tracking=Tracking(domain="links.example.com")), "tracking.domain", "scheme and host"),
        (Settings(tracking=Tracking(domain="https://[links")), "tracking.domain", "scheme and host"),
        (Settings(dkim=Dkim(domain="example.com", selector="s")), "dkim.private_key_file is missing", "a key needs"),
        (Settings(registry=Registry(url="sqlite:///x")), "registry.url is no PostgreSQL URL", "postgresql://"),
        (Settings(relay=Relay(listen="0.0.0.0:25")), "relay.listen", "loopback"),
        (Settings(engagement=Engagement(hosts=("*",))), "engagement.hosts has", "list your own hosts"),
    ],
)
def test_what_cannot_be_used_is_named_with_a_way_out(settings: Settings, complaint: str, hint: str) -> None:
    """The key stands in the error, and the hint says what to write."""
    with pytest.raises(SettingsError, match=complaint.replace(".", r"\.")) as raised:
        check(settings)
    assert hint in raised.value.hint


def test_a_host_name_is_loopback_by_its_name_alone() -> None:
    """Nothing is looked up."""
    check(replace(Settings(), relay=Relay(listen="localhost:2525")))
    with pytest.raises(SettingsError, match=r"relay\.listen"):
        check(replace(Settings(), relay=Relay(listen="mail.example.com:2525")))
