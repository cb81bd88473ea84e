from datetime import date
from typing import Annotated, Literal

import msgspec
import pytest

from clicktrail.config_text import convert_config, decode_toml, explain_error
from clicktrail.errors import SettingsError


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    """A table within the file."""

    name: Annotated[str, msgspec.Meta(min_length=1)] = "x"
    number: Annotated[int, msgspec.Meta(ge=0)] = 0
    which: Literal["fill", "keep"] = "fill"


class Item(msgspec.Struct, forbid_unknown_fields=True):
    """One of a list of tables."""

    host: str


class File(msgspec.Struct, forbid_unknown_fields=True):
    """A file with tables."""

    inner: Inner = msgspec.field(default_factory=Inner)
    items: tuple[Item, ...] = ()
    names: tuple[str, ...] = ()
    by_name: dict[str, str] = msgspec.field(default_factory=dict)
    optional: str | None = None
    version: date | None = None


def test_toml_is_decoded() -> None:
    file = decode_toml("version = 2026-11-30\n[inner]\nnumber = 3\n", File, name="the file")
    assert File(inner=Inner(number=3), version=date(2026, 11, 30)) == file


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("inner.name = 1", "in the file: inner.name must be text in quotes, not a whole number"),
        ("inner.name = ''", "in the file: inner.name must be text in quotes of a length of at least 1"),
        ("inner.number = -1", "in the file: inner.number must be a whole number of at least 0"),
        ("inner.number = 1.5", "in the file: inner.number must be a whole number, not a number"),
        ("inner.number = true", "in the file: inner.number must be a whole number, not true or false"),
        ("inner.which = 'all'", "in the file: inner.which cannot be 'all'"),
        ("inner = []", "in the file: inner must be a table, not a list in square brackets"),
        ("names = 'x'", "in the file: names must be a list in square brackets, not text in quotes"),
        ("names = ['x', 2]", "in the file: names[1] must be text in quotes, not a whole number"),
        ("by_name = {x = 1}", "in the file: a value of by_name must be text in quotes, not a whole number"),
        ("optional = 1", "in the file: optional must be text in quotes, not a whole number"),
        ("items = [{}]", "in the file: missing key 'host' in items[0]"),
        ("items = [{host = 'x', hots = 'y'}]", "in the file: unknown key 'hots' in items[0]"),
        ("inner", "the file is not TOML: Expected '=' after a key in a key/value pair (at end of document)"),
    ],
)
def test_error_names_file_key_and_problem(text: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        decode_toml(text, File, name="the file")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("inner.nmae = 'x'", "in the file: unknown key 'inner.nmae'", "did you mean 'name'?"),
        ("inner.zzz = 'x'", "in the file: unknown key 'inner.zzz'", "known values: name, number, which"),
        ("Optionl = 1", "in the file: unknown key 'Optionl'", "did you mean 'optional'?"),
    ],
)
def test_unknown_key_suggests_a_known_one(text: str, message: str, hint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        decode_toml(text, File, name="the file")
    assert (str(caught.value), caught.value.hint) == (message, hint)


def test_lax_conversion_takes_numbers_as_text() -> None:
    assert convert_config({"inner": {"number": "3"}}, File, name="it", strict=False) == File(inner=Inner(number=3))


def test_unfamiliar_error_keeps_its_text() -> None:
    assert explain_error(msgspec.ValidationError("Something new")) == "Something new"
