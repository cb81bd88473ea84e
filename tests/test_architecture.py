"""The shape of the house: where modules lie, how long they are, what they and their parts are called."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

SOURCE = ROOT / "src" / "clicktrail"
MODULES = sorted(SOURCE.rglob("*.py"))

MAX_MODULE_LINES = 500

SHAPELESS = {"common", "helper", "helpers", "manager", "misc", "stuff", "util", "utils"}
"""Names under which anything can be put."""

FOREIGN = {
    "blast": "campaign",
    "mailing": "message",
    "shortlink": "link",
    "spool": "journal",
}
"""Words of other products for what docs/glossary.md calls otherwise."""

modules = pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(SOURCE)))


@modules
def test_a_module_begins_with_a_docstring(module: Path) -> None:
    assert (ast.get_docstring(_parsed(module)) or "").partition("\n")[0].endswith(".")


@modules
def test_a_module_is_short(module: Path) -> None:
    assert len(module.read_text("utf-8").splitlines()) <= MAX_MODULE_LINES


@modules
def test_a_module_is_named_for_a_subject(module: Path) -> None:
    assert set() == SHAPELESS & {*_words(module.stem), *_words(module.parent.name)}


@modules
def test_names_are_words_of_the_glossary(module: Path) -> None:
    banned = SHAPELESS | FOREIGN.keys()
    assert {} == {name: found for name in _defined(_parsed(module)) if (found := banned & set(_words(name)))}


def _parsed(module: Path) -> ast.Module:
    return ast.parse(module.read_text("utf-8"))


def _defined(tree: ast.AST) -> Iterator[str]:
    """The names that a module gives: not those that it takes from elsewhere."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case _:
                pass


def _words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]
