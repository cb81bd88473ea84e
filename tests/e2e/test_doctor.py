"""The doctor on a message that the real relay has sent, through a real next hop, while the server runs."""

import asyncio
from pathlib import Path

import aiosmtplib

from clicktrail import keyring_file
from clicktrail.demo.sink import Sink
from clicktrail.model.edit import EditAction, EditTarget, LinkEdit
from clicktrail.server import overrides_file
from clicktrail.server import settings as settings_module
from clicktrail.server.doctor.examination import Examination, examine
from clicktrail.server.system import SystemClock
from tests.support.serving import running_server, wait_for_report

MESSAGE = (
    b"From: shop@example.com\r\nTo: anna@example.net\r\nX-Clicktrail-Campaign: winter\r\n"
    b"Content-Type: text/html\r\n\r\n<a href='https://example.com/boots'>Boots</a>\r\n"
)


async def test_relayed_message_is_examined(tmp_path: Path) -> None:
    arrived = asyncio.Event()
    async with (
        Sink(on_message=lambda _: arrived.set()) as sink,
        running_server(tmp_path, next_hop=f"127.0.0.1:{sink.port}", own_hosts=("example.com",), workers=1) as server,
    ):
        settings = settings_module.load(tmp_path / "clicktrail.toml", {})
        keyring_file.backup(settings.keyring_path, tmp_path / "copy.json")

        async def find_codes(message: bytes) -> list[str]:
            findings = await examine(settings, Examination(message=message, campaign="winter"))
            return [finding.code for finding in findings]

        host, port = server.relay
        async with aiosmtplib.SMTP(hostname=host, port=port, start_tls=False) as client:
            await client.sendmail("shop@example.com", ["anna@example.net"], MESSAGE)
        await arrived.wait()
        await wait_for_report(server, "winter", clicks=0)
        received = sink.messages[0].content
        healthy = await find_codes(received)
        twice = await find_codes(received.replace(b"http://", b"https://click.pstmrk.it/3s/"))
        target = EditTarget(campaign="winter", position=0)
        edit = LinkEdit(id="e1", at=SystemClock().now(), target=target, action=EditAction.DISABLE)
        overrides_file.merge(settings.overrides_path, edits=[edit])
        edited = await find_codes(received)
    assert [healthy, twice, edited] == [
        ["campaign-without-clicks"],
        ["links-rewritten-twice", "campaign-without-clicks"],
        ["link-disabled", "campaign-without-clicks", "campaign-link-edited"],
    ]
