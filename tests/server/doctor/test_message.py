"""Messages with a planted fault, examined with a real key ring, registry and journal."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from msgspec.structs import replace

from clicktrail import keyring_file
from clicktrail.model.consent import Consent
from clicktrail.model.edit import EditAction, EditTarget, LinkEdit
from clicktrail.model.event import Sent
from clicktrail.model.link_set import LinkSet, StoredLink
from clicktrail.model.tracking_domain import (
    DomainCheckResult,
    DomainState,
    RegisteredDomain,
    ServedDomain,
    TrackingDomain,
)
from clicktrail.server import overrides_file, served_domains
from clicktrail.server import settings as settings_module
from clicktrail.server.doctor.findings import Finding
from clicktrail.server.doctor.message import diagnose_message
from clicktrail.server.doctor.message_inspection import inspect_message
from clicktrail.server.served_domains import ServedDomains
from clicktrail.server.settings import Settings
from clicktrail.server.system import SystemClock
from clicktrail.server.wiring.config import build_tracker
from clicktrail.server.wiring.stores import open_registry
from clicktrail.tokens import SealedLink, SealedMessage, build_token_suffixes, seal_token, seal_token_prefix
from clicktrail.tracking import MessageMetadata
from tests.support.recorded_journal import write_journal

SHOP = "https://shop.example/boots"
OWN = 'data_dir = "data"\ntracking.domain = "https://links.example.com"\nutm.own_hosts = ["shop.example"]\n'
NOW = SystemClock().now()


def load(folder: Path, toml: str = OWN) -> Settings:
    file = folder / "clicktrail.toml"
    file.write_text(toml, "utf-8")
    settings = settings_module.load(file, {})
    settings.data_path.mkdir(exist_ok=True)
    keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    return settings


def build_message(*urls: str, subject: str = "Boots", headers: str = "") -> bytes:
    """A message with a link to each URL, as an ESP delivers it: signed."""
    links = "".join(f'<p><a href="{url}">Boots</a></p>' for url in urls)
    text = (
        f"DKIM-Signature: v=1; a=rsa-sha256; d=esp.example; s=1; b=abc\r\nFrom: shop@shop.example\r\n"
        f"To: Anna <anna@example.net>\r\nDate: {format_datetime(NOW)}\r\nSubject: {subject}\r\n{headers}"
        f"Content-Type: text/html; charset=utf-8\r\n\r\n<html><body>{links}</body></html>\r\n"
    )
    return text.encode()


def track(settings: Settings, *urls: str) -> list[str]:
    """Tracking URLs of a message with these links, as the relay makes them."""
    tracker = build_tracker(settings)
    metadata = MessageMetadata(message_id="m1", sent_at=NOW, recipient="anna@example.net", campaign="winter")
    html = "".join(f'<a href="{url}">x</a>' for url in urls)
    return [link.replacement for link in tracker.rewrite_html(html, metadata).links]


async def find(settings: Settings, raw: bytes) -> list[Finding]:
    return list(diagnose_message(await inspect_message(settings, raw)))


async def find_codes(settings: Settings, raw: bytes) -> list[str]:
    findings = await find(settings, raw)
    assert all(finding.message and finding.hint for finding in findings)
    return [finding.code for finding in findings]


async def test_tracked_message_has_no_finding(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert await find_codes(settings, build_message(*track(settings, SHOP, f"{SHOP}/2"))) == []


ESP_URLS = [
    "https://u1.ct.sendgrid.net/ls/click?upn=u001.abcdefghijklmnop",
    "https://click.pstmrk.it/3s/{own}/abc/def",
    "https://abc.r.eu-west-1.awstrack.me/L0/https:%2F%2F{own}/1/0100/abc",
    "https://trk.klclick1.com/ls/click?upn=u001.abcdefghijklmnop",
]


@pytest.mark.parametrize("url", [url for url in ESP_URLS if "{own}" in url])
async def test_esp_url_around_ours_is_rewritten_twice(tmp_path: Path, url: str) -> None:
    settings = load(tmp_path)
    (own,) = track(settings, SHOP)
    path = own.removeprefix("https://")
    for inner in (path, path.replace("/", "%2F"), path.replace("/", "%252f")):
        assert await find_codes(settings, build_message(url.format(own=inner))) == ["links-rewritten-twice"]


async def test_our_url_around_an_esps_is_rewritten_twice(tmp_path: Path) -> None:
    settings = load(tmp_path)
    url = seal(ring_path=settings.keyring_path, destination=ESP_URLS[0])
    assert await find_codes(settings, build_message(url)) == ["links-rewritten-twice"]


def seal(*, ring_path: Path, destination: str) -> str:
    link = SealedLink(
        destination=destination, message_id="m1", campaign="winter", recipient="", position=0, link_count=1, sent_at=NOW
    )
    return f"https://links.example.com/{seal_token(keyring_file.load(ring_path), link)}"


@pytest.mark.parametrize("url", ["https://u1.ct.sendgrid.net/ls/click?upn=u001.abcdef", "https://trk.klclick1.com/x"])
async def test_links_of_an_esp_without_ours(tmp_path: Path, url: str) -> None:
    assert await find_codes(load(tmp_path), build_message(url)) == ["links-of-esp"]


async def test_unreadable_links_of_a_message_that_the_relay_sent_are_rewritten_twice(tmp_path: Path) -> None:
    settings = load(tmp_path)
    raw = build_message(ESP_URLS[0])
    other = Sent(id="s1", at=NOW - timedelta(days=2), message_id="m1", recipient="anna@example.net", links=1)
    await asyncio.to_thread(write_journal, settings, other)
    assert await find_codes(settings, raw) == ["links-of-esp"]
    await asyncio.to_thread(
        write_journal, settings, Sent(id="s2", at=NOW, message_id="m2", recipient="anna@example.net", links=1)
    )
    assert await find_codes(settings, raw) == ["links-rewritten-twice"]


@pytest.mark.parametrize(
    ("inner", "expected"),
    [("{own}", []), ("https://click.pstmrk.it/3s/{own_path}/abc", ["links-rewritten-twice"])],
)
async def test_gateway_of_the_recipient_is_looked_behind(tmp_path: Path, inner: str, expected: list[str]) -> None:
    settings = load(tmp_path)
    (own,) = track(settings, SHOP)
    path = own.removeprefix("https://").replace("/", "%2F")
    wrapped = quote(inner.format(own=own, own_path=path), safe="")
    url = f"https://eur01.safelinks.protection.outlook.com/?url={wrapped}&amp;data=05%7C02"
    assert await find_codes(settings, build_message(url)) == [*expected, "links-wrapped-by-gateway"]


@pytest.mark.parametrize(
    ("urls", "subject", "expected"),
    [
        ([SHOP], "Boots", "message-not-tracked"),
        ([SHOP], "Reset your password", "message-sensitive"),
        (["https://shop.example/unsubscribe"], "Boots", "links-not-trackable"),
        ([], "Boots", "message-without-links"),
    ],
)
async def test_message_without_our_links(tmp_path: Path, urls: Sequence[str], subject: str, expected: str) -> None:
    assert await find_codes(load(tmp_path), build_message(*urls, subject=subject)) == [expected]


async def test_message_that_the_relay_sent_untracked(tmp_path: Path) -> None:
    settings = load(tmp_path)
    event = Sent(id="s1", at=NOW, message_id="m1", recipient="anna@example.net", links=0)
    await asyncio.to_thread(write_journal, settings, event)
    assert await find_codes(settings, build_message(SHOP)) == ["message-sent-untracked"]


async def test_encrypted_message_cannot_be_rewritten(tmp_path: Path) -> None:
    raw = b"To: anna@example.net\r\nContent-Type: multipart/encrypted; boundary=x\r\n\r\n--x\r\n\r\nsecret\r\n--x--\r\n"
    assert await find_codes(load(tmp_path), raw) == ["message-not-rewritable"]


async def test_recipient_who_denies_tracking(tmp_path: Path) -> None:
    settings = load(tmp_path)
    async with open_registry(settings) as registry:
        await registry.consents.set("anna@example.net", Consent.DENIED, at=NOW)
    assert await find_codes(settings, build_message(SHOP)) == ["message-without-consent"]


async def test_link_of_a_revoked_key_or_another_ring(tmp_path: Path) -> None:
    settings = load(tmp_path)
    (own,) = track(settings, SHOP)
    keyring_file.rotate(settings.keyring_path)
    assert await find_codes(settings, build_message(own)) == []
    keyring_file.revoke(settings.keyring_path, 0)
    (revoked,) = await find(settings, build_message(own))
    assert (revoked.code, "revoked" in revoked.message) == ("links-do-not-open", True)
    (other,) = await find(load(tmp_path, OWN.replace('"data"', '"data2"')), build_message(own))
    assert (other.code, "another key ring" in other.message) == ("links-do-not-open", True)


async def test_short_link_that_the_registry_has_not_or_cannot_look_up(tmp_path: Path) -> None:
    settings = load(tmp_path)
    raw = build_message("https://links.example.com/abcdefgh234")
    codes = await find_codes(settings, raw)
    async with open_registry(settings):
        pass
    assert [codes, await find_codes(settings, raw)] == [["registry-unavailable"], ["links-do-not-open"]]


async def test_link_that_was_damaged_on_its_way(tmp_path: Path) -> None:
    settings = load(tmp_path)
    (own,) = track(settings, SHOP)
    assert await find_codes(settings, build_message(f"{own}%3D")) == ["links-damaged"]


@pytest.mark.parametrize(
    ("action", "destination", "expected"),
    [(EditAction.REDIRECT, "https://shop.example/sale", "link-edited"), (EditAction.DISABLE, "", "link-disabled")],
)
async def test_edited_link(tmp_path: Path, action: EditAction, destination: str, expected: str) -> None:
    settings = load(tmp_path)
    (own,) = track(settings, SHOP)
    target = EditTarget(campaign="winter", position=0)
    edit = LinkEdit(id="e1", at=NOW, target=target, action=action, destination=destination)
    overrides_file.merge(settings.overrides_path, edits=[edit])
    (finding,) = await find(settings, build_message(own))
    assert (finding.code, "clicktrail links restore 'winter#0'" in finding.hint) == (expected, True)


async def test_template_of_which_the_esp_kept_an_old_copy(tmp_path: Path) -> None:
    settings = load(tmp_path)
    ring = keyring_file.load(settings.keyring_path)

    def build_link_set(url: str) -> LinkSet:
        links = (StoredLink(position=0, destination=url),)
        return LinkSet(campaign="winter", created_at=NOW - timedelta(days=1), links=links)

    tagged = f"{SHOP}?utm_source=email&utm_medium=newsletter&utm_campaign=winter"
    async with open_registry(settings) as registry:
        number = await registry.link_sets.add(build_link_set(tagged))
        message = SealedMessage(link_set_id=number, message_id="", recipient="", sent_at=NOW)
        (suffix,) = build_token_suffixes(ring, 1)
        raw = build_message(f"https://links.example.com/{seal_token_prefix(ring, message)}{suffix}/anna-1")
        assert await find_codes(settings, raw) == []
        await registry.link_sets.add(build_link_set(f"{tagged}&new=1"))
    assert await find_codes(settings, raw) == ["links-of-older-version"]


async def test_destination_that_the_tracking_domain_does_not_allow(tmp_path: Path) -> None:
    settings = load(tmp_path)
    (own,) = track(settings, SHOP)
    site = TrackingDomain(host="links.example.com", destinations=("other.example",))
    served_domains.write(settings.served_domains_path, ServedDomains(domains=(ServedDomain(site=site),)))
    assert await find_codes(settings, build_message(own)) == ["destination-not-allowed"]


async def test_utm_parameters_that_an_esp_adds_to_our_links(tmp_path: Path) -> None:
    settings = load(tmp_path)
    (own,) = track(settings, SHOP)
    raw = build_message(f"{own}?utm_source=esp&amp;utm_medium=email")
    assert await find_codes(settings, raw) == ["utm-added-by-esp"]


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        (SHOP, "utm-missing"),
        (f"{SHOP}#?utm_source=email", "utm-misplaced"),
        (f"{SHOP}?a=1?utm_source=email&utm_medium=newsletter&utm_campaign=winter", "utm-misplaced"),
        ("https://other.example/", "utm-host-not-own"),
        (f"{SHOP}?token=0123456789abcdef0123456789abcdef", "utm-left-out"),
    ],
)
async def test_utm_parameters(tmp_path: Path, destination: str, expected: str) -> None:
    settings = load(tmp_path)
    raw = build_message(seal(ring_path=settings.keyring_path, destination=destination))
    assert await find_codes(settings, raw) == [expected]


async def test_without_own_hosts_the_message_has_no_finding_of_its_own(tmp_path: Path) -> None:
    settings = load(tmp_path, OWN.replace('["shop.example"]', "[]"))
    assert await find_codes(settings, build_message(*track(settings, SHOP))) == []


SENDGRID_DOMAIN = RegisteredDomain(
    site=TrackingDomain(host="clicks.shop.example"), added_at=NOW - timedelta(days=3), esp="sendgrid", region="us"
)


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        (SENDGRID_DOMAIN, "esp-domain-not-verified"),
        (replace(SENDGRID_DOMAIN, verified_at=NOW + timedelta(hours=1)), "message-before-domain"),
        (replace(SENDGRID_DOMAIN, verified_at=NOW - timedelta(days=1)), "esp-domain-not-used"),
        (replace(SENDGRID_DOMAIN, esp="mailgun"), "links-of-esp"),
        (replace(SENDGRID_DOMAIN, removed_at=NOW), "links-of-esp"),
    ],
)
async def test_links_show_the_esps_domain(tmp_path: Path, domain: RegisteredDomain, expected: str) -> None:
    settings = load(tmp_path)
    async with open_registry(settings) as registry:
        await registry.domains.put(domain)
        if domain.verified_at:
            state = DomainState(since=domain.verified_at, status="ok")
            result = DomainCheckResult(state=state, is_verified=True, is_gone=False)
            await registry.domains.record_check(domain.host, result)
        if domain.removed_at:
            await registry.domains.remove(domain.host, at=NOW)
    assert await find_codes(settings, build_message(ESP_URLS[0])) == [expected]


async def test_links_on_a_tracking_domain_that_the_esp_serves_are_no_fault(tmp_path: Path) -> None:
    settings = load(tmp_path)
    async with open_registry(settings) as registry:
        await registry.domains.put(SENDGRID_DOMAIN)
    url = "https://clicks.shop.example/ls/click?upn=u001.abcdef"
    assert await find_codes(settings, build_message(url)) == []
