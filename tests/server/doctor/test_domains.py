"""Tracking domains in a real registry, checked against a small DNS on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from clicktrail import keyring_file
from clicktrail.model.tracking_domain import RegisteredDomain, TrackingDomain
from clicktrail.server import settings as settings_module
from clicktrail.server.doctor.domains import check_domains
from clicktrail.server.doctor.findings import Severity
from clicktrail.server.pipeline.domain_checks import CheckCode
from clicktrail.server.settings import Settings
from clicktrail.server.system import SystemClock
from tests.support.small_dns import RESOLVER, small_dns

pytestmark = pytest.mark.allow_hosts(["127.0.0.1", "127.0.0.2"])

NOW = SystemClock().now()
RECORDS = """\
elsewhere.example.test. 60 IN A 127.0.0.9
"""


@pytest.fixture(scope="module")
def dns_port() -> Iterator[int]:
    with small_dns(RECORDS) as port:
        yield port


def load(folder: Path, port: int, *, toml: str = "") -> Settings:
    file = folder / "clicktrail.toml"
    text = f'data_dir = "data"\n{toml}[dns]\nresolvers = ["{RESOLVER}"]\nport = {port}\ntimeout = 1\n'
    file.write_text(text + '[domains]\ntargets = ["127.0.0.1"]\n', "utf-8")
    settings = settings_module.load(file, {})
    settings.data_path.mkdir()
    keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    return settings


def domain(host: str) -> RegisteredDomain:
    return RegisteredDomain(site=TrackingDomain(host=host), added_at=NOW)


async def test_each_domain_has_a_finding_with_cause_and_fix(tmp_path: Path, dns_port: int) -> None:
    settings = load(tmp_path, dns_port)
    domains = [
        domain("missing.example.test"),
        domain("elsewhere.example.test"),
        replace(domain("old.example.test"), removed_at=NOW),
    ]
    found = [finding async for finding in check_domains(settings, domains)]
    errors = [(finding.code, finding.severity) for finding in found if finding.severity is Severity.ERROR]
    assert errors == [(CheckCode.RECORD_MISSING, Severity.ERROR), (CheckCode.TARGET_WRONG, Severity.ERROR)]
    assert [finding.message.split(":")[0] for finding in found if finding.severity is Severity.ERROR] == [
        "tracking domain missing.example.test",
        "tracking domain elsewhere.example.test",
    ]
    assert all(finding.hint for finding in found)


async def test_domain_whose_target_is_unknown_cannot_be_checked(tmp_path: Path, dns_port: int) -> None:
    settings = load(tmp_path, dns_port)
    (finding,) = [
        finding
        async for finding in check_domains(settings, [replace(domain("a.example.test"), esp="postmark", region="us")])
    ]
    assert finding.code == "domain-unchecked"


async def test_tracking_domain_that_was_never_added(tmp_path: Path, dns_port: int) -> None:
    settings = load(tmp_path, dns_port, toml='tracking.domain = "https://links.example.test"\n')
    (finding,) = [finding async for finding in check_domains(settings, [])]
    assert (finding.code, "clicktrail domain add links.example.test" in finding.hint) == (
        "tracking-domain-not-added",
        True,
    )
