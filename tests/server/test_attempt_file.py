from pathlib import Path

from clicktrail.server.attempt_file import MAX_DEATHS, SHRINK_FACTOR, AttemptFile
from clicktrail.server.ports import JournalEntry


def entries(count: int, *, first: int = 0) -> list[JournalEntry]:
    return [JournalEntry(b"{}", first + number) for number in range(count)]


def die_in_batch(path: Path, count: int, *, times: int = MAX_DEATHS, first: int = 0) -> None:
    for _ in range(times):
        AttemptFile(path).begin(entries(count, first=first))


def test_finished_batch_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "attempts.json"
    attempts = AttemptFile(path)
    assert not attempts.begin(entries(100))
    assert path.exists()
    attempts.end()
    assert not path.exists()
    assert AttemptFile(path).limit_entries(5_000) == 5_000


def test_batch_is_read_in_parts_after_it_killed_two_processes(tmp_path: Path) -> None:
    path = tmp_path / "attempts.json"
    die_in_batch(path, 100, times=1)
    assert AttemptFile(path).limit_entries(5_000) == 5_000
    die_in_batch(path, 100, times=1)
    attempts = AttemptFile(path)
    limits = []
    while attempts.limit_entries(100) < 100:
        limits.append(attempts.limit_entries(100))
        attempts.begin(entries(limits[-1], first=sum(limits[:-1])))
        attempts.end()
    assert limits == [100 // SHRINK_FACTOR, 24, 48, 96]
    attempts.begin(entries(100))
    attempts.end()
    assert not path.exists()


def test_single_entry_that_killed_two_processes_is_found_despite_other_batches(tmp_path: Path) -> None:
    path = tmp_path / "attempts.json"
    for size in (100, 100, 12, 1):
        attempts = AttemptFile(path)
        attempts.begin(entries(1, first=900))
        attempts.end()
        assert not attempts.begin(entries(size))
    assert AttemptFile(path).begin(entries(1))


def test_damaged_file_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "attempts.json"
    path.write_bytes(b"{\xff")
    attempts = AttemptFile(path)
    assert attempts.limit_entries(7) == 7
    attempts.begin(entries(3))
    attempts.end()
    assert AttemptFile(tmp_path / "missing" / "attempts.json").limit_entries(7) == 7
