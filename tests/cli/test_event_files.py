import gzip
from pathlib import Path

import pytest

from clicktrail.cli.event_files import known_exports, recorded_events
from clicktrail.errors import ClicktrailError
from clicktrail.model.event import encode
from tests.support.events import click, sent

LOG = encode(sent()) + b"\n{}\n" + encode(click(60)) + b"\n"


@pytest.mark.parametrize("packed", [False, True])
def test_events_of_a_file_packed_or_not(tmp_path: Path, packed: bool, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / ("log.jsonl.gz" if packed else "log.jsonl")
    file.write_bytes(gzip.compress(LOG) if packed else LOG)
    assert [sent(), click(60)] == list(recorded_events(str(file), known_exports("")))
    assert f"clicktrail: warning: {file}, line 2: " in capsys.readouterr().err


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ClicktrailError, match="cannot read"):
        list(recorded_events(str(tmp_path / "nothing"), known_exports("")))


def test_columns_are_named_by_fields() -> None:
    with pytest.raises(ClicktrailError, match="no field 'colour'"):
        known_exports("colour=Farbe")
