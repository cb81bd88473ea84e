import socket
from pathlib import Path

import aiosmtplib

from clicktrail import keyring_file
from clicktrail.demo.sink import Sink
from tests.support.worker_process import running_worker

MESSAGE = b"Subject: Boots\r\nContent-Type: text/html\r\n\r\n<a href='https://example.com/boots'>Boots</a>\r\n"


async def test_relay_process_tracks_messages(tmp_path: Path) -> None:
    keyring_file.load_or_create(tmp_path / "clicktrail-data" / keyring_file.FILE_NAME, earlier_data_paths=[])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with Sink() as sink:
            (tmp_path / "clicktrail.toml").write_text(f'relay.next_hop = "{sink.address}"\n', "utf-8")
            async with running_worker("relay", tmp_path, [listener]) as process:
                host, port = listener.getsockname()
                async with aiosmtplib.SMTP(hostname=host, port=port, start_tls=False) as client:
                    await client.sendmail("shop@example.com", ["anna@example.net"], MESSAGE)

    assert b"href='http://127.0.0.1:8080/" in sink.messages[0].content
    assert process.returncode == 0
