from pathlib import Path

from clicktrail.server.settings.schema import Settings
from clicktrail.server.wiring.offline import read_history, read_reports
from tests.support.recorded_journal import SENT, click, write_journal


def test_the_journal_becomes_a_report(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    write_journal(settings, SENT, click(0))

    (report,) = read_reports(settings, "winter")

    assert ("winter", 1) == (report["campaign"], report["delivered"])
    assert {"total": 1, "human": 1, "suspected": 0, "bot": 0, "preview": 0} == report["clicks"]
    assert {"raw": 1.0, "human": 1.0} == report["click_rate"]


def test_loading_a_segment_twice_changes_nothing(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    write_journal(settings, SENT, click(0), click(1))
    before = read_reports(settings, "winter")
    (settings.journal_path / "cursor.json").unlink()

    assert before == read_reports(settings, "winter")


def test_a_later_event_replaces_a_verdict(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    write_journal(settings, SENT, click(0))
    (before,) = read_reports(settings, None)
    write_journal(settings, click(1), click(2))
    (after,) = read_reports(settings, None)

    assert {"total": 1, "human": 1, "suspected": 0, "bot": 0, "preview": 0} == before["clicks"]
    assert {"total": 3, "human": 0, "suspected": 0, "bot": 3, "preview": 0} == after["clicks"]
    (change,) = read_history(settings, "winter", click=None, limit=9)["changes"]
    assert ("human", "bot") == (change["from"], change["to"])
