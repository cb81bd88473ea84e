from pathlib import Path

import pytest
from msgspec.structs import replace

from clicktrail.errors import SettingsError
from clicktrail.server.settings import Settings, load
from clicktrail.server.settings.loading import validate_settings
from clicktrail.server.settings.schema import (
    DkimSettings,
    DnsSettings,
    EngagementSettings,
    RegistrySettings,
    RelaySettings,
    TrackingSettings,
)


def write(folder: Path, text: str) -> Path:
    """Write a settings file."""
    path = folder / "clicktrail.toml"
    path.write_text(text, "utf-8")
    return path


def test_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    settings = load(write(tmp_path, ""), {})

    assert Settings(data_dir=str(tmp_path / "clicktrail-data")) == settings


def test_file_overrides_defaults(tmp_path: Path) -> None:
    path = write(tmp_path, '[tracking]\ndomain = "https://links.example.com"\n[utm]\nown_hosts = ["example.com"]\n')

    settings = load(path, {})

    assert settings.tracking.domain == "https://links.example.com"
    assert settings.utm.own_hosts == ("example.com",)


def test_targets_are_names_or_addresses_in_any_spelling(tmp_path: Path) -> None:
    path = write(tmp_path, '[domains]\ntargets = ["Edge.example.com.", "192.0.2.1", "2001:db8::1"]\n')
    assert load(path, {}).domains.targets == ("Edge.example.com.", "192.0.2.1", "2001:db8::1")
    environment = {"CLICKTRAIL_DNS_RESOLVERS": "127.0.0.1", "CLICKTRAIL_DNS_PORT": "5353"}
    assert load(path, environment).dns == DnsSettings(resolvers=("127.0.0.1",), port=5353)


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        ('[tracking]\ndomains_file = "domains.toml"\n', {}),
        ("", {"CLICKTRAIL_TRACKING_DOMAINS_FILE": "domains.toml"}),
    ],
    ids=["file", "environment"],
)
def test_domains_file_of_earlier_versions_names_the_import(
    tmp_path: Path, text: str, environment: dict[str, str]
) -> None:
    with pytest.raises(SettingsError, match=r"tracking\.domains_file is no longer a setting") as raised:
        load(write(tmp_path, text), environment)
    assert raised.value.hint == "delete the setting, then run: clicktrail domain import domains.toml"


def test_relay_cannot_refuse_links(tmp_path: Path) -> None:
    assert load(write(tmp_path, '[utm]\nexisting = "keep"\n'), {}).utm.existing == "keep"
    with pytest.raises(SettingsError, match="refuse"):
        load(write(tmp_path, '[utm]\nexisting = "refuse"\n'), {})


def test_convention_file_is_relative_to_the_settings_and_excludes_other_keys(tmp_path: Path) -> None:
    settings = load(write(tmp_path, '[utm]\nconvention_file = "utm.toml"\n'), {})
    assert str(tmp_path / "utm.toml") == settings.utm.convention_file
    with pytest.raises(SettingsError, match=r"names utm\.toml, and \[utm\] has other keys beside it"):
        load(write(tmp_path, '[utm]\nconvention_file = "utm.toml"\nmedium = "drip"\n'), {})


def test_unknown_key_suggests_a_similar_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"in the settings: unknown key 'edge\.wrokers'") as caught:
        load(write(tmp_path, "[edge]\nwrokers = 4\n"), {})

    assert caught.value.hint == "did you mean 'workers'?"


def test_unknown_key_without_a_similar_one_lists_all(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="unknown key 'colour'") as caught:
        load(write(tmp_path, 'colour = "red"\n'), {})

    assert caught.value.hint.startswith("known values: data_dir, tracking")


def test_environment_overrides_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "[edge]\nworkers = 4\n")
    environ = {"CLICKTRAIL_EDGE_WORKERS": "2", "CLICKTRAIL_UTM_OWN_HOSTS": "a.example, *.b.example"}

    settings = load(path, environ)

    assert settings.edge.workers == 2
    assert settings.utm.own_hosts == ("a.example", "*.b.example")


def test_secret_is_read_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("hunter2\n", "utf-8")

    settings = load(write(tmp_path, ""), {"CLICKTRAIL_RELAY_NEXT_HOP_PASSWORD_FILE": str(secret)})

    assert settings.relay.next_hop_password == "hunter2"


@pytest.mark.parametrize(("content", "message"), [(None, "cannot read"), (b"\xff", "is not UTF-8")])
def test_unreadable_secret_file_is_an_error(tmp_path: Path, content: bytes | None, message: str) -> None:
    secret = tmp_path / "password"
    if content is not None:
        secret.write_bytes(content)
    with pytest.raises(SettingsError, match=message) as raised:
        load(write(tmp_path, ""), {"CLICKTRAIL_RELAY_NEXT_HOP_PASSWORD_FILE": str(secret)})
    assert "CLICKTRAIL_RELAY_NEXT_HOP_PASSWORD_FILE" in str(raised.value)


def test_environment_names_the_settings_file(tmp_path: Path) -> None:
    path = write(tmp_path, "[edge]\nworkers = 3\n")

    settings = load(None, {"CLICKTRAIL_CONFIG": str(path)})

    assert settings.edge.workers == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[edge]\nworkers = "many"\n', "workers"),
        ("[edge]\nworkers = -1\n", "workers"),
        ('[tracking]\ndomain = "links.example.com"\n', "tracking.domain"),
        ('[tracking]\ndomain = "https://example.com/links"\n', "tracking.domain"),
        ('[edge]\nlisten = "8080"\n', "'8080' is not an address"),
        ('[relay]\nlisten = "0.0.0.0:2525"\n', "relay.listen"),
        ('[console]\nlisten = "192.0.2.1:80"\n', "console.listen"),
        ('[edge]\ntrusted_proxies = ["10.0.0.1/8"]\n', "edge.trusted_proxies"),
        ('[utm]\nown_hosts = ["Example.com"]\n', "utm.own_hosts has 'Example.com'"),
        ('[engagement]\nhosts = ["*"]\n', r"engagement.hosts has '\*'"),
        ('[engagement]\nhosts = ["https://example.com"]\n', "engagement.hosts has 'https://example.com'"),
        ('[relay]\nnext_hop_tls = "maybe"\n', "next_hop_tls"),
        ("[journal]\nretention_hours = 438001\n", "retention_hours"),
        ("[privacy]\nip_address_hours = 99999999999999\n", "ip_address_hours"),
        ("[registry]\nshort_link_days = 18251\n", "short_link_days"),
        ("edge = 3\n", "edge"),
        ("not toml", "is not TOML"),
        ('[domains]\ntargets = ["https://e.example"]\n', "domains.targets has 'https://e.example'"),
        ('[domains]\ntargets = ["localhost"]\n', "domains.targets has 'localhost'"),
        ("[domains]\nhttp_port = 0\n", "domains.http_port"),
        ("[domains]\nhttps_port = 65536\n", "domains.https_port"),
        ('[dns]\nresolvers = ["192.0.2.1:53"]\n', "dns.resolvers has '192.0.2.1:53'"),
        ('[dns]\nresolvers = ["dns.example.com"]\n', "dns.resolvers has 'dns.example.com'"),
        ("[dns]\ntimeout = 0\n", "dns.timeout"),
        ('[registry]\nurl = "sqlite:///other"', r"registry\.url is no PostgreSQL URL"),
    ],
)
def test_invalid_value_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load(write(tmp_path, text), {})


def test_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot read the settings file"):
        load(tmp_path / "missing.toml", {})


def test_defaults_are_valid() -> None:
    validate_settings(Settings())


@pytest.mark.parametrize(
    ("settings", "message", "hint"),
    [
        (Settings(tracking=TrackingSettings(domain="links.example.com")), "tracking.domain", "scheme and host"),
        (Settings(tracking=TrackingSettings(domain="https://[links")), "tracking.domain", "scheme and host"),
        (
            Settings(dkim=DkimSettings(domain="example.com", selector="s")),
            "dkim.private_key_file is missing",
            "a DKIM key needs",
        ),
        (Settings(registry=RegistrySettings(url="sqlite:///x")), "registry.url is no PostgreSQL URL", "postgresql://"),
        (Settings(relay=RelaySettings(listen="0.0.0.0:25")), "relay.listen", "loopback"),
        (Settings(engagement=EngagementSettings(hosts=("*",))), "engagement.hosts has", "list your own hosts"),
    ],
)
def test_invalid_settings_are_refused_with_a_hint(settings: Settings, message: str, hint: str) -> None:
    with pytest.raises(SettingsError, match=message.replace(".", r"\.")) as raised:
        validate_settings(settings)
    assert hint in raised.value.hint


def test_localhost_is_the_only_loopback_name() -> None:
    validate_settings(replace(Settings(), relay=RelaySettings(listen="localhost:2525")))
    with pytest.raises(SettingsError, match=r"relay\.listen"):
        validate_settings(replace(Settings(), relay=RelaySettings(listen="mail.example.com:2525")))
