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
    """Two people's clicks on messages of winter, one of them a hundred days ago, as an ESP tells of them."""
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


async def test_people_who_clicked_are_listed_with_and_without_an_engine(tmp_path: Path) -> None:
    told: list[list[str]] = []

    def tell() -> None:
        config = ("--config", str(tmp_path / "clicktrail.toml"))
        forms = [("90d",), ("20w", "--csv"), ("365d", "--campaign", "winter", "--json"), ("1h", "--json")]
        runs = [run_clicktrail("segment", "--clicked-human", *form, *config, folder=tmp_path) for form in forms]
        assert [0] * len(runs) == [run.returncode for run in runs], runs
        told.append([run.stdout for run in runs])

    async with running_server(tmp_path) as running:
        await record(running)
        await asyncio.to_thread(tell)
    tell()

    names, table, document, nobody = told[0]
    assert told[0] == told[1]
    assert "anna@example.net\n" == names
    assert [["recipient", "clicks"], ["anna@example.net", "1"], ["bert@example.net", "1"]] == [
        row[:2] for row in csv.reader(table.splitlines())
    ]
    assert ["anna@example.net", "bert@example.net"] == [row["recipient"] for row in json.loads(document)["recipients"]]
    assert {"recipients": []} == json.loads(nobody)


@pytest.mark.parametrize("span", ["90", "d", "1y", "-1d"])
def test_a_span_that_is_none_is_refused(tmp_path: Path, span: str) -> None:
    done = run_clicktrail("segment", f"--clicked-human={span}", folder=tmp_path)

    assert 1 == done.returncode
    assert f"clicktrail: error: '{span}' is not a duration" in done.stderr


def test_a_segment_before_the_first_start_leaves_no_trace(tmp_path: Path) -> None:
    done = run_clicktrail("segment", "--clicked-human", "90d", folder=tmp_path)

    assert (0, "", []) == (done.returncode, done.stdout, list(tmp_path.iterdir()))
