import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from clicktrail.errors import KeyRingError
from clicktrail.model.verdict import Verdict
from clicktrail.server.api import schemas
from clicktrail.server.pipeline.rejudge import RejudgeRequest
from clicktrail.server.settings.schema import Settings
from clicktrail.server.wiring.offline import OfflineReports
from tests.support.recorded_journal import SENT, SENT_AT, click, write_journal


def read_campaigns(settings: Settings) -> list[schemas.Campaign]:
    """Open the data folder, read all campaigns, and close it."""
    with OfflineReports(settings) as reports:
        return reports.campaigns(None)


def test_journal_is_processed_first(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    write_journal(settings, SENT, click(0))

    (campaign,) = read_campaigns(settings)

    assert (campaign.campaign, campaign.delivered) == ("winter", 1)
    assert campaign.clicks == schemas.ClickCounts(total=1, human=1, suspected=0, bot=0, preview=0)
    assert campaign.click_rate == schemas.ClickRate(raw=1.0, human=1.0)


def test_processing_the_journal_twice_counts_once(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    write_journal(settings, SENT, click(0), click(1))
    before = read_campaigns(settings)
    (settings.journal_path / "cursor.json").unlink()

    assert read_campaigns(settings) == before


@pytest.mark.parametrize("at", [datetime.min.replace(tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)])
def test_journal_line_with_a_time_out_of_range_is_skipped_and_logged(tmp_path: Path, at: datetime) -> None:
    settings = Settings(data_dir=str(tmp_path))
    write_journal(settings, SENT, click(0), replace(click(1), at=at), replace(SENT, id="s2", at=at), click(2))
    with capture_logs() as log:
        (campaign,) = read_campaigns(settings)
    assert (campaign.delivered, campaign.clicks.total) == (1, 2)
    assert [line["event"] for line in log] == ["journal line is not an event"] * 2


def test_lost_analytics_is_filled_from_the_journal(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    write_journal(settings, SENT, click(0), click(1))
    before = read_campaigns(settings)
    shutil.rmtree(settings.analytics_path)
    assert read_campaigns(settings) == before


def test_later_event_changes_a_verdict(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    write_journal(settings, SENT, click(0))
    (before,) = read_campaigns(settings)
    write_journal(settings, click(1), click(2))
    with OfflineReports(settings) as reports:
        (after,) = reports.campaigns("winter")
        history = reports.history("winter", click_id=None, limit=9)

    assert (before.clicks.human, before.clicks.bot) == (1, 0)
    assert (after.clicks.human, after.clicks.bot) == (0, 3)
    assert history
    assert [(change.from_, change.to) for change in history.changes] == [(Verdict.HUMAN, Verdict.BOT)]


def test_empty_data_folder_stays_empty(tmp_path: Path) -> None:
    with OfflineReports(Settings(data_dir=str(tmp_path))) as reports:
        assert reports.campaigns(None) == []
        assert reports.history("winter", click_id=None, limit=9) is None
        assert reports.segment_page(since=SENT_AT, campaign=None, after="") == []
        assert reports.rejudge(RejudgeRequest()) == []
        assert reports.confusion_matrix().labels == 0
        with pytest.raises(KeyRingError):
            reports.store_labels({"c0": Verdict.HUMAN})
    assert list(tmp_path.iterdir()) == []
