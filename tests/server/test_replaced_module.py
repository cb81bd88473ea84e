import sys
from types import ModuleType

import pytest

from clicktrail.server.replaced_module import replaced_module

NAME = "no_such_module_of_clicktrail"


def test_replacement_is_imported_in_the_block_only() -> None:
    replacement = ModuleType(NAME)
    with replaced_module(NAME, replacement):
        assert __import__(NAME) is replacement
    assert NAME not in sys.modules


def test_import_fails_without_a_replacement() -> None:
    with replaced_module("csv_of_clicktrail", None), pytest.raises(ImportError):
        __import__("csv_of_clicktrail")


def test_loaded_module_is_not_replaced() -> None:
    with replaced_module("sys", None):
        import sys as imported  # noqa: PLC0415 - the import is what is tested
    assert imported is sys
