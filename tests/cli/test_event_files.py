import gzip
from pathlib import Path

import pytest

from clicktrail.cli.event_files import load_export_formats, read_event_files
from clicktrail.errors import ClicktrailError
from clicktrail.model.event import encode_event
from tests.support.events import click, sent

LOG = encode_event(sent()) + b"\n{}\n" + encode_event(click(60)) + b"\n"


@pytest.mark.parametrize("packed", [False, True])
def test_events_are_read_from_plain_and_gzip_files(
    tmp_path: Path, packed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / ("log.jsonl.gz" if packed else "log.jsonl")
    file.write_bytes(gzip.compress(LOG) if packed else LOG)
    assert [sent(), click(60)] == list(read_event_files([str(file)], load_export_formats("")))
    assert f"clicktrail: warning: {file}, line 2: " in capsys.readouterr().err


def test_unreadable_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ClicktrailError, match="cannot read"):
        list(read_event_files([str(tmp_path / "nothing")], load_export_formats("")))


def test_unknown_field_in_columns_is_an_error() -> None:
    with pytest.raises(ClicktrailError, match="no field 'colour'"):
        load_export_formats("colour=Farbe")
