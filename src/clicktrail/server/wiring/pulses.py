"""How a worker's writing end of the journal does, for its pulse."""

from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.monitoring.catalogue import BATCH_LINES, BUFFERED, LET_GO, SYNC_SECONDS, Metric
from clicktrail.server.monitoring.pulse import Figure, Trouble

__all__ = ["journal_figures", "journal_troubles"]

_TROUBLE = Trouble(
    code="journal", hint="events wait in memory: look at room, permissions and health of the disk that holds data_dir"
)


def journal_figures(journal: SegmentWriter) -> dict[Metric, Figure]:
    """What it has written, and what waits."""
    return {
        BATCH_LINES: journal.batch_lines,
        SYNC_SECONDS: journal.sync_seconds,
        BUFFERED: journal.buffered,
        LET_GO: journal.let_go,
    }


def journal_troubles(journal: SegmentWriter) -> tuple[Trouble, ...]:
    """Whether the disk takes what it is given."""
    return (_TROUBLE,) if journal.in_trouble else ()
