import re
from typing import get_type_hints

import pytest

from clicktrail import errors
from clicktrail.errors import ClicktrailError, RelayError

CLASSES = {name: getattr(errors, name) for name in errors.__all__}


def parse_class_tree() -> dict[str, str]:
    """Base class of each class in the tree of the module's docstring."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.fullmatch(r"    ((?:[│ ]   )*)(?:[├└]── )?(\w+Error)\b.*", line)
        if match is None:
            continue
        depth = len(match[1]) // 4 + ("── " in line)
        path = [*path[:depth], match[2]]
        parents[match[2]] = path[depth - 1] if depth else "Exception"
    return parents


def test_docstring_shows_the_class_tree() -> None:
    assert {name: error.__base__.__name__ for name, error in CLASSES.items()} == parse_class_tree()


def test_every_error_is_public() -> None:
    defined = {name for name, thing in vars(errors).items() if isinstance(thing, type) and name.endswith("Error")}
    assert defined == set(CLASSES)


def test_codes_are_unique_slugs() -> None:
    codes = [error.code for error in CLASSES.values()]
    assert (
        sorted(codes),
        [code for code in codes if not re.fullmatch(r"[a-z]+(-[a-z]+)*", code)],
    ) == (sorted(set(codes)), [])


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_code_and_retryable_are_declared(name: str) -> None:
    assert {"code", "retryable"} <= get_type_hints(CLASSES[name]).keys()


def test_error_has_message_and_hint() -> None:
    plain, helpful = ClicktrailError("it broke"), ClicktrailError("it broke", hint="mend it")
    assert [(str(error), error.hint) for error in (plain, helpful)] == [("it broke", ""), ("it broke", "mend it")]


def test_relay_error_has_the_reply() -> None:
    error = RelayError("next hop refused", reply_code=550, reply_text="5.1.1 no such user", hint="check the address")
    assert (error.reply_code, error.reply_text, error.hint) == (550, "5.1.1 no such user", "check the address")


@pytest.mark.parametrize(
    ("reply_code", "retryable"), [(421, True), (451, True), (499, True), (500, False), (550, False)]
)
def test_relay_error_is_retryable_for_4xx_replies(reply_code: int, retryable: bool) -> None:
    assert retryable == RelayError("next hop refused", reply_code=reply_code, reply_text="").retryable
