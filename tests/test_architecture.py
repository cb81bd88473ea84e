"""The shape of the house: where modules lie, how long they are, what they and their parts are called."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "clicktrail"
TESTS = ROOT / "tests"
MODULES = sorted(SOURCE.rglob("*.py"))

LONGEST_MODULE = 300
"""Lines. Modules that people like to read have some 130; a longer one asks to be split by meaning."""

SHAPELESS = {"common", "helper", "helpers", "manager", "misc", "stuff", "util", "utils"}
"""Names under which anything can be put."""

FOREIGN = {
    "blast": "campaign",
    "heuristic": "signal",
    "hit": "click",
    "mailing": "message",
    "shortlink": "link",
    "spool": "journal",
    "subscriber": "recipient",
}
"""Words of other products for what docs/glossary.md calls otherwise."""

modules = pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(SOURCE)))


@modules
def test_a_module_begins_with_a_docstring(module: Path) -> None:
    """Every module and package says in its first sentence what it is for."""
    assert (ast.get_docstring(_parsed(module)) or "").partition("\n")[0].endswith(".")


@modules
def test_a_module_is_short(module: Path) -> None:
    """A file can be read in one go."""
    assert len(module.read_text("utf-8").splitlines()) <= LONGEST_MODULE


@modules
def test_a_module_has_its_test_where_one_looks_for_it(module: Path) -> None:
    """What a module does is tested at the same path below tests; a package's own functions beside its folder."""
    if _does_something(_parsed(module)):
        assert _test_of(module).is_file()


@modules
def test_a_module_is_named_for_a_subject(module: Path) -> None:
    """A name that fits everything tells nothing."""
    assert set() == SHAPELESS & {*_words(module.stem), *_words(module.parent.name)}


@modules
def test_names_are_words_of_the_glossary(module: Path) -> None:
    """One word for one thing: what other products call it is not what we call it."""
    banned = SHAPELESS | FOREIGN.keys() | ({"handler"} - _words_of_frameworks(_parsed(module)))
    assert {} == {name: found for name in _defined(_parsed(module)) if (found := banned & set(_words(name)))}


def test_a_doer_is_recognised() -> None:
    """Behaviour is a function with a body; constants, plain dataclasses and protocols have none."""
    assert _does_something(ast.parse("class A:\n    def f(self):\n        return 1"))
    assert not _does_something(ast.parse("X = 1\nclass A:\n    x: int\n    def f(self):\n        'Says.'\n        ..."))


def _parsed(module: Path) -> ast.Module:
    return ast.parse(module.read_text("utf-8"))


def _test_of(module: Path) -> Path:
    """tests/rewrite/test_html.py for rewrite/html.py, tests/test_cli.py for cli/__init__.py."""
    place = module.parent if module.name == "__init__.py" else module
    return TESTS / place.relative_to(SOURCE).parent / f"test_{place.stem}.py"


def _does_something(tree: ast.AST) -> bool:
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return any(
        not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        for function in functions
        for statement in function.body
    )


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


def _words_of_frameworks(tree: ast.AST) -> set[str]:
    """Handler is the word of aiosmtpd, and so of a module that talks to aiosmtpd."""
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return {"handler"} if any(name.startswith("aiosmtpd") for name in imported) else set()
