"""Caddy gets certificates from a real ACME authority, in front of a real edge."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from clicktrail.model.event import Click, decode_event
from clicktrail.model.tracking_domain import ServedDomain, TrackingDomain
from clicktrail.server.domains.web_probe import WebProber
from clicktrail.server.edge.routes import Sites
from clicktrail.server.pipeline.caddyfile import EdgeProxy, build_on_demand_caddyfile
from clicktrail.server.pipeline.domain_checks import CheckCode, CheckStatus
from clicktrail.server.pipeline.web_checks import check_web
from clicktrail.server.pipeline.web_facts import WebFacts
from clicktrail.server.system import SystemClock
from clicktrail.tokens import EdgeProof, KeyRing, SealedLink, seal_token
from tests.support.caddy import running_caddy
from tests.support.chromium import chromium, needs_chromium
from tests.support.command_line import run_clicktrail
from tests.support.edge import NOW, RING, RunningEdge, running_edge
from tests.support.manual_journal import ManualJournal
from tests.support.pebble import Pebble, needs_pebble
from tests.support.recorded_journal import read_journal_lines
from tests.support.serving import running_server
from tests.support.small_dns import small_dns
from tests.support.waiting import wait_until

RECORDS = """\
edge.example.test. 60 IN A 127.0.0.1
links.example.test. 60 IN CNAME edge.example.test.
"""
HOST, UNKNOWN = "links.example.test", "links.unknown.test"
pytestmark = needs_pebble


async def find_no_parents() -> Mapping[str, Sequence[str]]:
    return {}


async def probe(pebble: Pebble, host: str, proof: EdgeProof | None) -> WebFacts:
    prober = WebProber(
        clock=SystemClock(), http_port=pebble.http_port, https_port=pebble.https_port, ca_file=str(pebble.root)
    )
    return await prober.probe_web(host, ["127.0.0.1"], proof=proof, find_parents=find_no_parents)


def find_failed_code(facts: WebFacts) -> CheckCode | None:
    return next((check.code for check in check_web(facts) if check.status is not CheckStatus.PASS), None)


def write_main(pebble: Pebble, folder: Path, text: str, *options: str) -> Path:
    main = folder / "Caddyfile"
    main.write_text(f"{{\n{pebble.build_caddy_options(folder, *options)}}}\n{text}", "utf-8")
    return main


@needs_chromium
async def test_life_of_a_host_by_name(pebble: Pebble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(pebble.root))
    hosts = tmp_path / "hosts.caddyfile"
    # Certificates are renewed when 2 % of their lifetime have passed, and Caddy tries again 60 s after a failure.
    options = ("renew_interval 1s", "renewal_window_ratio 0.98")
    main = write_main(pebble, tmp_path, f"import {hosts}\n", *options)
    async with AsyncExitStack() as stack:
        dns_port = stack.enter_context(small_dns(RECORDS))
        async with running_server(tmp_path, workers=1) as server:
            await add_domain(pebble, tmp_path, dns_port)
            proof = EdgeProof(server.ring)

            # 1. A certificate is issued, and every check passes.
            caddy = await stack.enter_async_context(running_caddy(main))
            await caddy.wait_for("certificate obtained successfully")
            facts = await wait_for_certificate(pebble, HOST, proof)
            assert find_failed_code(facts) is None
            report = json.loads(await run_domain_command("check", HOST, "--json", folder=tmp_path))
            assert (report["status"], report["next_step"]) == ("ok", None)

            # 2. The DNS fails when the certificate is renewed: it is served all the same.
            pebble.fail_dns(HOST)
            await caddy.wait_for("job failed")
            facts = await probe(pebble, HOST, proof)
            pebble.mend_dns(HOST)
            assert find_failed_code(facts) is None

            # 3. A browser opens a tracked link, and the click has the headers that only HTTPS brings.
            destination = f"{server.metrics}/healthz"
            await open_link(pebble, seal_link(server.ring, destination), expected_url=destination)

        (click,) = read_clicks(server.data_folder)
        assert click.https
        assert click.headers["sec-fetch-mode"] == "navigate"

        # 4. Engine and edge have ended: the certificate is renewed.
        await wait_until(lambda: probe(pebble, HOST, None), lambda later: has_later_end(later, facts))

    # 5. Caddy has restarted: its hosts by name need no permission.
    async with running_caddy(main):
        assert find_failed_code(await probe(pebble, HOST, None)) is None


async def add_domain(pebble: Pebble, folder: Path, dns_port: int) -> None:
    """Add the domain, and check it: its record is right, and no proxy serves it yet."""
    with (folder / "clicktrail.toml").open("a") as file:
        file.write(
            f'[domains]\ntargets = ["edge.example.test"]\n'
            f"http_port = {pebble.http_port}\nhttps_port = {pebble.https_port}\n"
            f'[dns]\nresolvers = ["127.0.0.1"]\nport = {dns_port}\ntimeout = 5\n'
        )
    await run_domain_command("add", HOST, folder=folder)
    report = json.loads(await run_domain_command("check", HOST, "--json", folder=folder, status=1))
    assert [row["code"] for row in report["checks"] if row["status"] == "fail"] == [CheckCode.PORT_80_CLOSED]
    await run_domain_command("caddyfile", "--output", str(folder / "hosts.caddyfile"), folder=folder)


async def run_domain_command(*arguments: str, folder: Path, status: int = 0) -> str:
    process = await asyncio.to_thread(run_clicktrail, "domain", *arguments, folder=folder)
    assert process.returncode == status, process.stdout + process.stderr
    return process.stdout


def read_clicks(data_folder: Path) -> list[Click]:
    events = map(decode_event, read_journal_lines(data_folder / "journal"))
    return [event for event in events if isinstance(event, Click)]


def has_later_end(facts: WebFacts, earlier: WebFacts) -> bool:
    return find_certificate_end(facts) > find_certificate_end(earlier)


@asynccontextmanager
async def edge_with_domain() -> AsyncIterator[RunningEdge]:
    site = TrackingDomain(host=HOST)
    async with running_edge(ManualJournal()) as edge:
        edge.routes.sites = Sites([site])
        edge.routes.served_domains = {HOST: ServedDomain(site=site, verified_at=NOW)}
        yield edge


async def test_on_demand_the_edge_permits_its_hosts_and_no_other(pebble: Pebble, tmp_path: Path) -> None:
    proof = EdgeProof(RING)
    async with edge_with_domain() as edge:
        proxy = EdgeProxy(address=f"127.0.0.1:{edge.port}", http_port=pebble.http_port, https_port=pebble.https_port)
        text = build_on_demand_caddyfile(proxy)
        options = pebble.build_caddy_options(tmp_path)
        ports = f"\thttp_port {pebble.http_port}\n\thttps_port {pebble.https_port}\n"
        main = tmp_path / "Caddyfile"
        main.write_text(text.replace(ports, "", 1).replace("{\n", "{\n" + options, 1), "utf-8")
        async with running_caddy(main) as caddy:
            assert find_failed_code(await wait_for_certificate(pebble, HOST, proof)) is None
            assert find_failed_code(await probe(pebble, UNKNOWN, proof)) is CheckCode.CERTIFICATE_MISSING
            assert {entry.get("identifier") for entry in caddy.log} & {HOST, UNKNOWN} == {HOST}
        async with running_caddy(main) as caddy:  # asks again for the certificate in its storage
            assert find_failed_code(await probe(pebble, HOST, proof)) is None
            assert not any("obtaining" in entry["msg"] for entry in caddy.log)


async def wait_for_certificate(pebble: Pebble, host: str, proof: EdgeProof) -> WebFacts:
    """Probe until Caddy uses the certificate that it obtained."""
    return await wait_until(lambda: probe(pebble, host, proof), lambda facts: facts.addresses[0].certificate)


def find_certificate_end(facts: WebFacts) -> datetime:
    assert find_failed_code(facts) is not CheckCode.CERTIFICATE_EXPIRED
    end = facts.certificate_ends_at
    assert end is not None
    return end


def seal_link(ring: KeyRing, destination: str) -> str:
    """Path of a tracked link."""
    link = SealedLink(
        destination=destination,
        message_id="m1",
        recipient="anna@example.net",
        campaign="winter",
        position=0,
        link_count=1,
        sent_at=NOW,
    )
    return "/" + seal_token(ring, link)


async def open_link(pebble: Pebble, path: str, *, expected_url: str) -> None:
    """Open a link in a browser that accepts the authority's certificates and no other invalid one."""
    key = x509.load_pem_x509_certificate(pebble.issuer).public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    switches = (
        f"--host-resolver-rules=MAP {HOST} 127.0.0.1",
        f"--ignore-certificate-errors-spki-list={base64.b64encode(digest).decode()}",
    )
    async with chromium(*switches) as browser:
        page = await browser.new_page()
        await page.goto(f"https://{HOST}:{pebble.https_port}{path}")
        assert page.url == expected_url
