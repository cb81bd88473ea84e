import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clicktrail.errors import StorageError
from clicktrail.model.consent import Consent, ConsentRecord
from clicktrail.model.edit import EditAction, EditTarget, LinkEdit
from clicktrail.server.overrides_file import OverridesSnapshot, merge, read

AT = datetime(2026, 11, 23, tzinfo=UTC)
FIRST = LinkEdit(id="a", at=AT, target=EditTarget(campaign="spring", position=0), action=EditAction.DISABLE)
SECOND = LinkEdit(
    id="b", at=AT, target=EditTarget(host="a.example"), action=EditAction.REDIRECT, destination="https://b.example/"
)


def test_merged_overrides_are_read(tmp_path: Path) -> None:
    path = tmp_path / "overrides.json"
    merge(path, edits=[SECOND, FIRST], erased=["hash"])
    assert OverridesSnapshot(edits=(FIRST, SECOND), erased=frozenset({"hash"})) == read(path)
    assert path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) == 0


def test_overrides_are_never_removed(tmp_path: Path) -> None:
    path = tmp_path / "overrides.json"
    merge(path, edits=[FIRST], erased=["hash"])
    merge(path, edits=[], erased=[])
    merge(path, edits=[SECOND], erased=["other"])
    assert OverridesSnapshot(edits=(FIRST, SECOND), erased=frozenset({"hash", "other"})) == read(path)


def test_file_is_not_written_if_nothing_is_new(tmp_path: Path) -> None:
    path = tmp_path / "overrides.json"
    merge(path, edits=[], erased=[])
    assert not path.exists()
    merge(path, edits=[FIRST], erased=[])
    before = path.stat()
    merge(path, edits=[FIRST], erased=[])
    assert (before.st_ino, before.st_mtime_ns) == (path.stat().st_ino, path.stat().st_mtime_ns)


def make_record(consent: Consent, *, minutes: int, recipient: str = "ann") -> ConsentRecord:
    """Consent of a hashed recipient, recorded some minutes later."""
    return ConsentRecord(recipient=recipient, consent=consent, at=AT + timedelta(minutes=minutes))


def test_latest_consent_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "overrides.json"
    denied, granted, again = (
        make_record(Consent.DENIED, minutes=1),
        make_record(Consent.GRANTED, minutes=2),
        make_record(Consent.DENIED, minutes=3),
    )
    merge(
        path,
        consents=[make_record(Consent.GRANTED, minutes=9, recipient="bob"), make_record(Consent.UNKNOWN, minutes=0)],
    )
    assert not path.exists()
    for records, latest, denied_hashes in (
        ([denied], denied, frozenset({"ann"})),
        ([granted], granted, frozenset[str]()),
        ([denied], granted, frozenset[str]()),
        ([again, granted], again, frozenset({"ann"})),
        ([], again, frozenset({"ann"})),
    ):
        merge(path, consents=records)
        assert (OverridesSnapshot(consents=(latest,)), denied_hashes) == (read(path), read(path).denied)


def test_damaged_file_is_an_error_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "overrides.json"
    path.write_text("{")
    with pytest.raises(StorageError, match="cannot read the overrides"):
        merge(path, edits=[FIRST], erased=[])
    assert path.read_text() == "{"


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2026-11-23T00:00:00"])
def test_time_out_of_range_or_without_zone_hides_no_override(tmp_path: Path, time: str) -> None:
    path = tmp_path / "overrides.json"
    merge(path, edits=[FIRST], erased=["hash"])
    path.write_text(path.read_text("utf-8").replace("2026-11-23T00:00:00Z", time), "utf-8")
    merge(path, edits=[SECOND], consents=[ConsentRecord(recipient="r", consent=Consent.DENIED, at=AT)])
    snapshot = read(path)
    assert {edit.id for edit in snapshot.edits} == {"a", "b"}
    assert (snapshot.erased, snapshot.denied) == (frozenset({"hash"}), frozenset({"r"}))


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "overrides.json"
    hashes = [f"hash-{number}" for number in range(40)]
    with ThreadPoolExecutor(8) as executor:
        for result in [executor.submit(merge, path, erased=[hash_]) for hash_ in hashes]:
            result.result()
    assert read(path).erased == set(hashes)
