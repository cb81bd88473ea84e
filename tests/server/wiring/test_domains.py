import asyncio
from pathlib import Path

import pytest

from clicktrail import keyring_file
from clicktrail.errors import SettingsError, StorageError
from clicktrail.model.tracking_domain import RegisteredDomain, ServedDomain, TrackingDomain
from clicktrail.server import served_domains
from clicktrail.server.served_domains import ServedDomains
from clicktrail.server.settings.schema import Settings, TrackingSettings
from clicktrail.server.wiring.domain_copy import copy_domains, run_domain_copy
from clicktrail.server.wiring.domains import read_domains_file, read_sites
from clicktrail.server.wiring.stores import Registry, open_registry
from tests.support.edge import NOW
from tests.support.waiting import wait_until


def write_served_domains(settings: Settings, *hosts: str) -> None:
    """Write the file that the edge reads."""
    domains = tuple(ServedDomain(site=TrackingDomain(host=host)) for host in hosts)
    served_domains.write(settings.served_domains_path, ServedDomains(domains=domains))


def test_domains_file_contains_the_texts_of_app_association_files(tmp_path: Path) -> None:
    (tmp_path / "android.json").write_text("[]")
    file = tmp_path / "domains.toml"
    file.write_text('[[domain]]\nhost = "a.example"\nassetlinks = "android.json"')
    assert read_domains_file(file) == (TrackingDomain(host="a.example", assetlinks="[]"),)


def test_missing_domains_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot read the domains file .*domains\.toml"):
        read_domains_file(tmp_path / "domains.toml")


def test_every_host_is_served_before_a_domain_is_added(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path), tracking=TrackingSettings(domain="https://links.example.com"))
    assert read_sites(settings) == ()
    write_served_domains(settings)
    assert read_sites(settings) == ()


@pytest.mark.parametrize(
    ("tracking_domain", "hosts"),
    [
        ("https://links.example.com", ["new.example.com", "links.example.com"]),
        ("https://Links.Example.com.:8443", ["new.example.com", "links.example.com"]),
        ("https://new.example.com", ["new.example.com"]),
        ("http://127.0.0.1:8080", ["new.example.com"]),
        ("http://[::1]:8080", ["new.example.com"]),
    ],
)
def test_domain_of_the_settings_is_served_too(tmp_path: Path, tracking_domain: str, hosts: list[str]) -> None:
    settings = Settings(data_dir=str(tmp_path), tracking=TrackingSettings(domain=tracking_domain))
    write_served_domains(settings, "new.example.com")
    assert [site.host for site in read_sites(settings)] == hosts


async def test_domains_of_our_edge_are_copied_and_those_of_an_esp_are_not(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    own = RegisteredDomain(site=TrackingDomain(host="links.example.com", hsts_days=3), added_at=NOW)
    other = RegisteredDomain(site=TrackingDomain(host="click.example.com"), added_at=NOW, esp="sendgrid", region="us")
    async with open_registry(settings) as registry:
        for domain in (own, other):
            await registry.domains.put(domain)
        await registry.domains.remove(own.host, at=NOW)
        await copy_domains(settings, registry)
    assert served_domains.read(settings.served_domains_path).domains == (ServedDomain(site=own.site),)


async def test_unchanged_domains_are_not_written_again(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    async with open_registry(settings) as registry:
        await copy_domains(settings, registry)
        written = settings.served_domains_path.stat()
        await copy_domains(settings, registry)
    assert settings.served_domains_path.stat() == written


async def test_domain_that_was_added_on_another_machine_is_copied(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    stopping = asyncio.Event()

    async def read_hosts() -> list[str]:
        return [domain.site.host for domain in served_domains.read(settings.served_domains_path).domains]

    async with open_registry(settings) as registry, asyncio.TaskGroup() as tasks:
        await registry.domains.put(RegisteredDomain(site=TrackingDomain(host="links.example.com"), added_at=NOW))
        tasks.create_task(run_domain_copy(stopping, settings, registry))
        await wait_until(read_hosts, lambda hosts: hosts == ["links.example.com"])
        stopping.set()


async def test_copies_at_the_same_time_leave_the_latest(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    hosts = [f"links{number}.example.com" for number in range(10)]

    async def add(registry: Registry, host: str) -> None:
        await registry.domains.put(RegisteredDomain(site=TrackingDomain(host=host), added_at=NOW))
        await copy_domains(settings, registry)

    async with open_registry(settings) as registry:
        await asyncio.gather(*(add(registry, host) for host in hosts))
    assert [domain.site.host for domain in served_domains.read(settings.served_domains_path).domains] == hosts


async def test_missing_data_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot write the tracking domains"):
        async with served_domains.lock_copy(tmp_path / "nowhere" / "domains.json"):
            pass
    with pytest.raises(StorageError, match="cannot write the tracking domains"):
        served_domains.write(tmp_path / "nowhere" / "domains.json", ServedDomains())
