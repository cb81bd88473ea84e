"""Pebble, a certificate authority for tests of ACME, with a DNS server that can fail."""

import contextlib
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from clicktrail.server.settings import get_environment
from tests.support.certificates import Authority
from tests.support.waiting import TIMEOUT_S

_POLL_INTERVAL_S = 0.05
_VALIDITY_S = 200

needs_pebble = pytest.mark.skipif(
    shutil.which("pebble") is None and get_environment().get("CI") != "true",
    reason="Pebble is not installed: apt install pebble",
)


@dataclass(frozen=True, kw_only=True)
class Pebble:
    """A running Pebble.

    Attributes:
        directory: URL of the ACME directory.
        api_authority: file of the authority that signed the certificate of that URL.
        root: file of the root of the issued certificates.
        issuer: PEM of the intermediate certificate that issues them.
        http_port: port of plain HTTP at which it validates hosts.
        https_port: port of TLS at which it does.
    """

    directory: str
    api_authority: Path
    root: Path
    issuer: bytes
    http_port: int
    https_port: int
    dns_control: str

    def build_caddy_options(self, folder: Path, *more: str) -> str:
        """Global options of a Caddy that gets its certificates here."""
        options = (
            f"admin 127.0.0.1:{find_free_port()}",
            f"storage file_system {folder / 'store'}",
            "skip_install_trust",
            f"http_port {self.http_port}",
            f"https_port {self.https_port}",
            f"acme_ca {self.directory}",
            f"acme_ca_root {self.api_authority}",
            *more,
        )
        return "".join(f"\t{option}\n" for option in options)

    def fail_dns(self, host: str) -> None:
        """Answer questions for a host with SERVFAIL."""
        self._control("set-servfail", host)

    def mend_dns(self, host: str) -> None:
        """Answer them again."""
        self._control("clear-servfail", host)

    def _control(self, action: str, host: str) -> None:
        httpx2.post(f"{self.dns_control}/{action}", json={"host": host}).raise_for_status()


def find_free_port() -> int:
    """Return an unused port of 127.0.0.1."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def running_pebble(folder: Path) -> Iterator[Pebble]:
    """Run Pebble and its DNS server, in which every name leads to 127.0.0.1."""
    api, management, dns, dns_management, http_port, https_port = (find_free_port() for _ in range(6))
    authority = Authority(folder, "Authority of the API")
    certificate = str(authority.issue("localhost"))
    config = {
        "listenAddress": f"127.0.0.1:{api}",
        "managementListenAddress": f"127.0.0.1:{management}",
        "certificate": certificate,
        "privateKey": certificate,
        "httpPort": http_port,
        "tlsPort": https_port,
        "certificateValidityPeriod": _VALIDITY_S,
    }
    (folder / "pebble.json").write_text(json.dumps({"pebble": config}), "utf-8")
    environment = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"}
    with contextlib.ExitStack() as stack:
        stack.enter_context(
            _running(
                *("pebble-challtestsrv", "-defaultIPv6", "", "-dns01", f"127.0.0.1:{dns}", "-http01", ""),
                *("-https01", "", "-tlsalpn01", "", "-management", f"127.0.0.1:{dns_management}"),
                ports=[dns_management],
            )
        )
        stack.enter_context(
            _running(
                *("pebble", "-config", str(folder / "pebble.json"), "-dnsserver", f"127.0.0.1:{dns}"),
                environment=environment,
                ports=[api, management],
            )
        )
        (folder / "root.pem").write_bytes(_fetch(f"https://localhost:{management}/roots/0"))
        yield Pebble(
            directory=f"https://localhost:{api}/dir",
            api_authority=authority.file,
            root=folder / "root.pem",
            issuer=_fetch(f"https://localhost:{management}/intermediates/0"),
            http_port=http_port,
            https_port=https_port,
            dns_control=f"http://127.0.0.1:{dns_management}",
        )


@contextlib.contextmanager
def _running(*command: str, ports: list[int], environment: dict[str, str] | None = None) -> Iterator[None]:
    process = subprocess.Popen(
        command,
        env={**get_environment(), **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + TIMEOUT_S
        for port in ports:
            while not _is_listening(port):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(_POLL_INTERVAL_S)
        yield
    finally:
        process.terminate()
        process.wait()


def _is_listening(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def _fetch(url: str) -> bytes:
    return httpx2.get(url, verify=False).raise_for_status().content
