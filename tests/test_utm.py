"""docs/reference/utm.md agrees with the code."""

import re

from clicktrail.utm import Convention, ExistingUtmAction, parse_convention
from clicktrail.utm.audit import Variant, VariantReason
from clicktrail.utm.convention import DEFAULT_MEDIUMS
from clicktrail.utm.lint import LintCode
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "reference" / "utm.md").read_text("utf-8")


def find_row_keys(heading: str) -> list[str]:
    """First cells of the table rows of a section, if they are code."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", section, flags=re.MULTILINE)


def test_documented_convention_is_the_default() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    assert parse_convention(example) == parse_convention("")
    keys = set(re.findall(r"^\[?(\w+)", example, flags=re.MULTILINE)) - set(DEFAULT_MEDIUMS)
    assert keys == set(Convention.__dataclass_fields__)


def test_documented_placeholders_are_replaced() -> None:
    placeholders = find_row_keys("The convention")
    convention = Convention(source="-".join(placeholders), medium="m")
    parameters = convention.build_parameters(campaign="c", location="l", element="e", label="x")
    assert parameters["utm_source"] == "c-l-x-x"
    assert placeholders == ["{campaign}", "{location}", "{element}", "{label}"]


def test_page_has_every_action_for_existing_parameters() -> None:
    assert find_row_keys("How they are added") == list(ExistingUtmAction)


def test_page_has_every_lint_code_and_json_key() -> None:
    assert find_row_keys("Lint") == [*LintCode, "checked", "findings_left", "links", "unassigned", "unchecked"]


def test_page_has_every_audit_reason_and_column() -> None:
    assert find_row_keys("Audit") == [*VariantReason, *Variant.__dataclass_fields__]
