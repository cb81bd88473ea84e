"""Postfix on 127.0.0.1, with all its files in a temporary folder."""

import asyncio
import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

_MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = /dev/stdout
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.net
mydestination =
mynetworks =
alias_maps =
smtpd_relay_restrictions = reject_unauth_destination
relay_domains = example.net
relay_recipient_maps = inline:{{ anna@example.net=known }}
relay_transport = smtp:[127.0.0.1]:{next_hop_port}
smtp_host_lookup = native
disable_dns_lookups = yes
"""
_MASTER_CF = """\
127.0.0.1:{port} inet n - n - - smtpd
postlog   unix-dgram n - n - 1 postlogd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
smtp      unix - - n - - smtp
error     unix - - n - - error
retry     unix - - n - - error
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
proxymap  unix - - n - - proxymap
"""


@contextlib.asynccontextmanager
async def postfix(*, next_hop_port: int, main_cf: str = "") -> AsyncIterator[str]:
    """Run Postfix; it accepts only ``anna@example.net`` and forwards her mail to a port of 127.0.0.1.

    Lines of ``main_cf`` are added to its configuration.

    Yields its address, ``host:port``. If Postfix cannot run, the test is skipped, or fails with ``CI=true``.
    """
    program = shutil.which("postfix", path=f"{os.defpath}:/usr/sbin")
    if program is None or os.geteuid() != 0:
        reason = "postfix is not installed, or the tests do not run as root"
        if os.getenv("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with _write_config(main_cf, next_hop_port=next_hop_port, port=port) as config_folder:
        command = (program, "-c", config_folder)
        master = await asyncio.create_subprocess_exec(
            *command, "start-fg", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        assert master.stdout
        log = b""
        try:
            async for line in master.stdout:
                log += line
                if b"daemon started" in line:
                    break
            assert master.returncode is None, log.decode()
            yield f"127.0.0.1:{port}"
        finally:
            stop = await asyncio.create_subprocess_exec(*command, "stop", stderr=asyncio.subprocess.DEVNULL)
            await stop.wait()
            await master.communicate()


@contextlib.contextmanager
def _write_config(main_cf: str, *, next_hop_port: int, port: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="postfix-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the daemons run as the user postfix
        for subfolder in ("spool", "data", "config"):
            (folder / subfolder).mkdir()
        shutil.chown(folder / "data", "postfix")
        settings = _MAIN_CF.format(folder=folder, next_hop_port=next_hop_port) + main_cf
        (folder / "config" / "main.cf").write_text(settings, "utf-8")
        (folder / "config" / "master.cf").write_text(_MASTER_CF.format(port=port), "utf-8")
        yield folder / "config"
