from typing import Annotated, Any, Literal

import msgspec
import pytest

from clicktrail.config_text import explain_error


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    """A table within the file."""

    name: Annotated[str, msgspec.Meta(min_length=1)] = "x"
    number: Annotated[int, msgspec.Meta(ge=0)] = 0
    which: Literal["fill", "keep"] = "fill"


class File(msgspec.Struct, forbid_unknown_fields=True):
    """A file with a table."""

    inner: Inner = msgspec.field(default_factory=Inner)
    names: tuple[str, ...] = ()
    named: dict[str, str] = msgspec.field(default_factory=dict)
    perhaps: str | None = None


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({"inner": {"name": 1}}, "inner.name has to be text in quotes, and is a whole number"),
        ({"inner": {"name": ""}}, "inner.name has to be text in quotes of a length of at least 1"),
        ({"inner": {"number": -1}}, "inner.number has to be a whole number of at least 0"),
        ({"inner": {"number": 1.5}}, "inner.number has to be a whole number, and is a number"),
        ({"inner": {"number": True}}, "inner.number has to be a whole number, and is true or false"),
        ({"inner": {"which": "all"}}, "inner.which cannot be 'all'"),
        ({"inner": {"nmae": "x"}}, "inner has no key 'nmae'"),
        ({"inner": []}, "inner has to be a table, and is a list in square brackets"),
        ({"names": "x"}, "names has to be a list in square brackets, and is text in quotes"),
        ({"names": ["x", 2]}, "names[1] has to be text in quotes, and is a whole number"),
        ({"named": {"x": 1}}, "a value of named has to be text in quotes, and is a whole number"),
        ({"perhaps": 1}, "perhaps has to be text in quotes, and is a whole number"),
        ({"other": 1}, "there is no 'other'"),
    ],
)
def test_a_value_is_told_by_its_key_and_in_words(tree: dict[str, Any], words: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(tree, File)
    assert words == explain_error(caught.value)


def test_what_has_no_words_stays_as_it_is() -> None:
    assert "Something new" == explain_error(msgspec.ValidationError("Something new"))
