import asyncio
import csv
import json
from datetime import timedelta
from pathlib import Path

import pytest

from clicktrail.model.event import Click, Sent, encode_event
from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.system import SystemClock
from tests.support.command_line import run_clicktrail
from tests.support.serving import RunningServer, running_server, wait_for_report

NOW = SystemClock().now()


async def record(running: RunningServer) -> None:
    """Human clicks of two recipients, recorded by an ESP 2 and 100 days ago."""
    with SegmentWriter(running.data_folder / "journal" / "test", asyncio.get_running_loop()) as writer:
        for days, name in ((2, "anna"), (100, "bert")):
            at, recipient = NOW - timedelta(days=days), f"{name}@example.net"
            sent = Sent(id=f"s-{name}", at=at, campaign="winter", message_id=name, recipient=recipient, links=5)
            click = Click(
                id=f"c-{name}",
                at=at + timedelta(hours=2),
                source="sendgrid",
                campaign="winter",
                message_id=name,
                recipient=recipient,
                url="https://example.com/boots",
                ip="203.0.113.9",
                user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                esp="sendgrid",
            )
            for event in (sent, click):
                writer.append(encode_event(event), lambda _committed: None)
    await wait_for_report(running, "winter", clicks=2)


async def test_segment_is_the_same_with_and_without_an_engine(tmp_path: Path) -> None:
    def run_segment() -> list[str]:
        config = ("--config", str(tmp_path / "clicktrail.toml"))
        arguments = [
            ("90d",),
            ("99999w",),
            ("20w", "--csv"),
            ("365d", "--campaign", "winter", "--json"),
            ("1h", "--json"),
        ]
        runs = [
            run_clicktrail("segment", "--clicked-human", *argument, *config, folder=tmp_path) for argument in arguments
        ]
        assert [run.returncode for run in runs] == [0] * len(runs), runs
        return [run.stdout for run in runs]

    async with running_server(tmp_path) as running:
        await record(running)
        with_engine = await asyncio.to_thread(run_segment)

    assert run_segment() == with_engine
    recipients, all_recipients, table, document, empty_document = with_engine
    assert (recipients, all_recipients) == ("anna@example.net\n", "anna@example.net\nbert@example.net\n")
    assert [row[:2] for row in csv.reader(table.splitlines())] == [
        ["recipient", "clicks"],
        ["anna@example.net", "1"],
        ["bert@example.net", "1"],
    ]
    assert [row["recipient"] for row in json.loads(document)["recipients"]] == ["anna@example.net", "bert@example.net"]
    assert json.loads(empty_document) == {"recipients": []}


@pytest.mark.parametrize("duration", ["90", "d", "1y", "-1d"])
def test_invalid_duration_is_an_error(tmp_path: Path, duration: str) -> None:
    run = run_clicktrail("segment", f"--clicked-human={duration}", folder=tmp_path)

    assert run.returncode == 1
    assert f"clicktrail: error: '{duration}' is not a duration" in run.stderr


def test_segment_before_the_first_start_writes_no_file(tmp_path: Path) -> None:
    run = run_clicktrail("segment", "--clicked-human", "90d", folder=tmp_path)

    assert (run.returncode, run.stdout, list(tmp_path.iterdir())) == (0, "", [])
