import gzip
import io
import json
import zipfile
from pathlib import Path

import pytest
import typer

from clicktrail.audit.times import DateOrder
from clicktrail.cli.event_files import EventFileReader, load_export_formats, parse_zone
from clicktrail.errors import ClicktrailError
from clicktrail.model.event import AnyEvent, Click, Delivered, Opened, encode_event
from tests.support.events import click, sent

LOG = encode_event(sent()) + b"\n{}\n" + encode_event(click(60)) + b"\n"


def read(file: Path, columns: str = "") -> list[AnyEvent]:
    return list(EventFileReader(formats=load_export_formats(columns)).read([str(file)]))


def pack_zip(**contents: bytes) -> bytes:
    """A zip archive; ``__`` in a name is a folder's slash."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in contents.items():
            file.writestr(name, content)
    return archive.getvalue()


@pytest.mark.parametrize("name", ["log.jsonl", "log.gz", "log.csv", "log"])
@pytest.mark.parametrize(
    "content",
    [LOG, gzip.compress(LOG), gzip.compress(gzip.compress(LOG)), pack_zip(log=LOG), pack_zip(log=gzip.compress(LOG))],
    ids=["plain", "gzip", "twice", "zip", "gzip in zip"],
)
def test_content_decides_how_a_file_is_decompressed(
    tmp_path: Path, name: str, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    assert [sent(), click(60)] == read(file)
    assert ", line 2: " in capsys.readouterr().err


def test_all_files_of_an_archive_are_read(tmp_path: Path) -> None:
    file = tmp_path / "logs.zip"
    members = {"a/one.jsonl": encode_event(sent()), "two.jsonl": encode_event(click(60))}
    file.write_bytes(pack_zip(**members, **{"__MACOSX/._one": b"\0\1", "a/.DS_Store": b"\0", "a/": b""}))
    assert [sent(), click(60)] == read(file)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pack_zip(**{"[Content_Types].xml": b"", "xl/workbook.xml": b""}), "it is an Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "it is an Excel workbook"),
        (b"PAR1....", "it is a Parquet file"),
        (b"Obj\x01....", "it is an Avro file"),
        (b"<!DOCTYPE html><p>Log in", "it is a web page"),
        (b"\x28\xb5\x2f\xfd....", "it is compressed by zstd"),
        (b"PK\x03\x04....", "not a zip file"),
    ],
)
def test_file_of_another_kind_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ClicktrailError, match=message):
        read(tmp_path / "file")


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        ('{"a": 1}\n{"b": 2}\n', "none of its lines could be read; line 1: no known format", "--columns"),
        ('{"event": "click", "email": "a@b.example", "timestamp": 1}\n', "it looks like sendgrid", "sg_event_id"),
        ('{"RecordType": "Click", "MessageID": "p"}\n', "it looks like postmark, but none of its lines", "webhooks"),
        ("recordtype,recipient,at\n", "it looks like postmark, but has no column messageid", "webhooks"),
        ("Email,Date,URL,Clicks\na@b.example,2026-11-18,x,3\n", "it has totals (column 'Clicks')", "each click"),
        ("type,at\nclick,18. März 2026\n", "is not a time", "write times as"),
        ("Campaign Name,Unique Clicks,Opens\nSpring,7,9\n", "it has totals (column 'Unique Clicks')", "each click"),
        ("type,at\norder,2026-11-18T08:00:00Z\n", "it has no known type of event: order (1)", "--columns type="),
        ("type,at\nclick,11/12/2026\n", "may be day or month first", "--dates"),
        ("type,at\nclick,2099-01-01\n", "its year 2099 is not from 2000 to 2027", "--columns"),
    ],
)  # fmt: skip
def test_file_without_a_readable_line_is_refused(tmp_path: Path, content: str, message: str, hint: str) -> None:
    (tmp_path / "file").write_text(content, "utf-8")
    reader = EventFileReader(formats=load_export_formats(""), latest_year=2027)
    with pytest.raises(ClicktrailError) as caught:
        list(reader.read([str(tmp_path / "file")]))
    assert message in str(caught.value)
    assert hint in caught.value.hint


def test_types_that_are_not_read_are_a_note(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text("type,at\nclick,2026-11-18T08:00:00Z\norder,2026-11-18T08:00:00Z\n" * 2, "utf-8")
    reader = EventFileReader(formats=load_export_formats(""))
    assert [type(event) for event in reader.read([str(file)])] == [Click, Click]
    assert "rows of other types, which were not read: order (2), type (1)" in reader.notes[0]


def test_unreadable_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ClicktrailError, match="cannot read"):
        read(tmp_path / "nothing")


def test_unknown_field_in_columns_is_an_error() -> None:
    with pytest.raises(ClicktrailError, match="no field 'colour'"):
        load_export_formats("colour=Farbe")


RECORD = {"meta": {"time": "2026-11-18T08:00:00Z"}, "who": "ada@reader.example", "to": "https://shop.example"}


@pytest.mark.parametrize("text", [json.dumps(RECORD), json.dumps([RECORD], indent=1), json.dumps({"rows": [RECORD]})])
def test_columns_name_fields_of_json(tmp_path: Path, text: str) -> None:
    (tmp_path / "clicks.json").write_text(text, "utf-8")
    (event,) = read(tmp_path / "clicks.json", "at=meta.time,recipient=who,url=to")
    assert isinstance(event, Click)
    assert (event.recipient, event.url) == ("ada@reader.example", "https://shop.example")


def test_columns_name_words_for_event_types(tmp_path: Path) -> None:
    rows = "Zeit;Wer;Was\n" + "".join(
        f"2026-11-18T08:00:00Z;a;{word}\n" for word in ("Klick", "Zugestellt", "Geöffnet")
    )
    (tmp_path / "events.csv").write_text(rows, "utf-8")
    columns = "at=Zeit,recipient=Wer,type=Was,click=Klick|Link,delivered=zugestellt,opened=geöffnet"
    assert [type(event) for event in read(tmp_path / "events.csv", columns)] == [Click, Delivered, Opened]


def test_columns_replace_single_fields_of_a_known_source(tmp_path: Path) -> None:
    event = {"email": "a@b.example", "timestamp": 1795000000, "event": "click", "sg_event_id": "e", "blast": "spring"}
    (tmp_path / "events.json").write_text(json.dumps([event]), "utf-8")
    (clicked,) = read(tmp_path / "events.json", "campaign=blast")
    assert (clicked.source, clicked.campaign, clicked.id) == ("sendgrid", "spring", "e")


def test_quoted_column_has_a_comma(tmp_path: Path) -> None:
    (tmp_path / "clicks.csv").write_text('"Date, time",Who\n2026-11-18T08:00:00Z,ada\n', "utf-8")
    assert [event.recipient for event in read(tmp_path / "clicks.csv", '"at=Date, time",recipient=Who')] == ["ada"]


def test_order_of_dates_is_found_further_down(tmp_path: Path) -> None:
    (tmp_path / "clicks.csv").write_text("type,at\nclick,11/12/2026 08:00\nclick,11/18/2026 08:00\n", "utf-8")
    reader = EventFileReader(formats=load_export_formats(""))
    assert [(event.at.month, event.at.day) for event in reader.read([str(tmp_path / "clicks.csv")])] == [
        (11, 12),
        (11, 18),
    ]
    assert any("were read as mdy" in note for note in reader.notes)


def test_order_and_zone_are_the_users(tmp_path: Path) -> None:
    (tmp_path / "clicks.csv").write_text("type,at\nclick,11/12/2026 08:00:01\n", "utf-8")
    reader = EventFileReader(formats=load_export_formats(""), order=DateOrder.DMY, zone=parse_zone("Europe/Berlin"))
    (event,) = reader.read([str(tmp_path / "clicks.csv")])
    assert (event.at.isoformat(), reader.notes) == ("2026-12-11T07:00:01+00:00", [])


@pytest.mark.parametrize(("text", "hours"), [("+02:00", 2), ("UTC-5", -5), ("+0530", 5.5), ("Asia/Tokyo", 9)])
def test_zones(text: str, hours: float) -> None:
    zone = parse_zone(text)
    assert zone is not None
    offset = zone.utcoffset(sent().at.replace(tzinfo=None))
    assert offset is not None
    assert offset.total_seconds() / 3_600 == hours


def test_unknown_zone() -> None:
    with pytest.raises(typer.BadParameter, match="is no zone"):
        parse_zone("Mars/Olympus")
