from pathlib import Path

import pytest

from clicktrail.judge.signals import SIGNALS
from tests.support.signals import RULES_BY_NAME

TESTS = "".join(module.read_text("utf-8") for module in Path(__file__).with_name("signals").glob("test_*.py"))


def test_every_rule_has_a_signal() -> None:
    assert set(RULES_BY_NAME) == set(SIGNALS)


@pytest.mark.parametrize("rule", sorted(RULES_BY_NAME))
def test_every_rule_has_a_positive_and_a_negative_test(rule: str) -> None:
    name = rule.replace("-", "_")
    assert [True, True] == [f"def test_{name}_{case}(" in TESTS for case in ("matches", "does_not_match")]
