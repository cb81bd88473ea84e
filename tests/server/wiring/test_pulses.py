import asyncio
from pathlib import Path

from clicktrail.server.journal.segments import Segment
from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.monitoring.catalogue import BATCH_LINES, BUFFERED, LET_GO, SYNC_SECONDS
from clicktrail.server.monitoring.histogram import Histogram
from clicktrail.server.monitoring.pulse import Figure
from clicktrail.server.wiring.pulses import journal_figures, journal_troubles


def no_segment(_folder: Path, _number: int) -> Segment:
    """A disk that takes nothing."""
    raise OSError


def seen(figure: Figure) -> tuple[int, float]:
    """How many values a histogram has, and their sum."""
    assert isinstance(figure, Histogram)
    return sum(figure.counts), figure.total


async def append(writer: SegmentWriter, lines: int) -> None:
    """Append lines at once, and wait until the last one's fate is known."""
    last: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    for number in range(lines):
        writer.append(b"{}", last.set_result if number == lines - 1 else lambda _committed: None)
    await last


async def test_a_journal_tells_of_its_batches(tmp_path: Path) -> None:
    """Three lines of one moment are one batch and one sync, and nothing waits."""
    with SegmentWriter(tmp_path, asyncio.get_running_loop()) as writer:
        await append(writer, 3)
        figures, troubles = journal_figures(writer), journal_troubles(writer)

    assert (1, 3) == seen(figures[BATCH_LINES])
    assert 1 == seen(figures[SYNC_SECONDS])[0]
    assert (0, 0, ()) == (figures[BUFFERED], figures[LET_GO], troubles)


async def test_a_journal_whose_disk_takes_nothing_is_in_trouble(tmp_path: Path) -> None:
    """What waits is counted, and the hint says where to look."""
    with SegmentWriter(tmp_path, asyncio.get_running_loop(), begin=no_segment) as writer:
        await append(writer, 2)
        figures, (trouble,) = journal_figures(writer), journal_troubles(writer)

    assert (2, 0) == (figures[BUFFERED], figures[LET_GO])
    assert ("journal", True) == (trouble.code, "data_dir" in trouble.hint)
