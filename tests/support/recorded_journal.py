"""A journal on disk, as stopped processes have left it, with sample events."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from clicktrail.model.event import AnyEvent, Click, Sent, encode_event
from clicktrail.server.journal.cursor import SegmentPosition
from clicktrail.server.journal.reader import read_segment
from clicktrail.server.journal.segments import list_segments
from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.settings import Settings
from clicktrail.server.system import SystemClock

# Recent: a running engine shortens IP addresses that are older than three days, at its start and every ten minutes, and
# the verdicts on such clicks no longer change.
SENT_AT = SystemClock().now() - timedelta(hours=2)
CLICKED_AT = SENT_AT + timedelta(hours=1)
SENT = Sent(id="s1", at=SENT_AT, campaign="winter", message_id="m1", recipient="anna@example.net", links=5)


def click(link: int) -> Click:
    """A person's click on a link of the message, an hour after it was sent."""
    return Click(
        id=f"c{link}",
        at=CLICKED_AT,
        campaign="winter",
        message_id="m1",
        recipient="anna@example.net",
        link=link,
        url=f"https://example.com/{link}",
        ip="203.0.113.9",
        user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    )


def write_journal(settings: Settings, *events: AnyEvent) -> None:
    """Write events to the journal folder of the settings."""

    async def write(lines: Iterable[bytes]) -> None:
        with SegmentWriter(settings.journal_path / "edge-0", asyncio.get_running_loop()) as writer:
            for line in lines:
                writer.append(line, lambda _committed: None)

    asyncio.run(write(map(encode_event, events)))


def read_journal_lines(folder: Path) -> list[bytes]:
    """Read all lines of a journal, writer by writer."""
    lines: list[bytes] = []
    for writer_folder in sorted(path for path in folder.iterdir() if path.is_dir()):
        for segment in list_segments(writer_folder):
            lines += [entry.line for entry in read_segment(segment, SegmentPosition(), limit=1_000_000).entries]
    return lines


def list_segment_numbers(folder: Path) -> list[int]:
    """Numbers of a writer's segments, oldest first."""
    return [segment.number for segment in list_segments(folder)]
