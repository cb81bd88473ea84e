import stat
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


def test_what_was_added_is_read(tmp_path: Path) -> None:
    path = tmp_path / "overrides.json"
    merge(path, edits=[SECOND, FIRST], erased=["mark"])
    assert OverridesSnapshot(edits=(FIRST, SECOND), erased=frozenset({"mark"})) == read(path)
    assert 0 == path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)


def test_nothing_is_ever_taken_out(tmp_path: Path) -> None:
    path = tmp_path / "overrides.json"
    merge(path, edits=[FIRST], erased=["mark"])
    merge(path, edits=[], erased=[])
    merge(path, edits=[SECOND], erased=["other"])
    assert OverridesSnapshot(edits=(FIRST, SECOND), erased=frozenset({"mark", "other"})) == read(path)


def test_where_nothing_is_new_the_file_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "overrides.json"
    merge(path, edits=[], erased=[])
    assert not path.exists()
    merge(path, edits=[FIRST], erased=[])
    before = path.stat()
    merge(path, edits=[FIRST], erased=[])
    assert (before.st_ino, before.st_mtime_ns) == (path.stat().st_ino, path.stat().st_mtime_ns)


def said(consent: Consent, *, minutes: int, recipient: str = "ann") -> ConsentRecord:
    """What a recipient, by their mark, said some minutes on."""
    return ConsentRecord(recipient=recipient, consent=consent, at=AT + timedelta(minutes=minutes))


def test_what_was_said_last_holds(tmp_path: Path) -> None:
    path = tmp_path / "overrides.json"
    denied, granted, again = (
        said(Consent.DENIED, minutes=1),
        said(Consent.GRANTED, minutes=2),
        said(Consent.DENIED, minutes=3),
    )
    merge(path, consents=[said(Consent.GRANTED, minutes=9, recipient="bob"), said(Consent.UNKNOWN, minutes=0)])
    assert not path.exists()
    for told, held, refused in (
        ([denied], denied, frozenset({"ann"})),
        ([granted], granted, frozenset[str]()),
        ([denied], granted, frozenset[str]()),
        ([again, granted], again, frozenset({"ann"})),
        ([], again, frozenset({"ann"})),
    ):
        merge(path, consents=told)
        assert (OverridesSnapshot(consents=(held,)), refused) == (read(path), read(path).denied)


def test_a_damaged_file_is_told_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "overrides.json"
    path.write_text("{")
    with pytest.raises(StorageError, match="cannot read the overrides"):
        merge(path, edits=[FIRST], erased=[])
    assert "{" == path.read_text()
