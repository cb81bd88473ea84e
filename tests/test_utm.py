"""What docs/reference/utm.md says is so."""

import re

from clicktrail.utm import Convention, ExistingUtmAction, parse_convention, query
from clicktrail.utm.audit import Variant, VariantReason
from clicktrail.utm.convention import DEFAULT_MEDIUMS
from clicktrail.utm.lint import LintCode
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "reference" / "utm.md").read_text("utf-8")


def listed(heading: str) -> list[str]:
    """The first cells of the tables of a section, as far as they are code."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", section, flags=re.MULTILINE)


def test_the_convention_of_the_page_is_the_default() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    assert parse_convention("") == parse_convention(example)
    named = set(re.findall(r"^\[?(\w+)", example, flags=re.MULTILINE)) - set(DEFAULT_MEDIUMS)
    assert set(Convention.__dataclass_fields__) == named


def test_the_placeholders_of_the_page_are_taken() -> None:
    placeholders = listed("The convention")
    convention = Convention(source="-".join(placeholders), medium="m")
    filled = convention.build_parameters(campaign="c", location="l", element="e", label="x")
    assert "c-l-x-x" == filled["utm_source"]
    assert ["{campaign}", "{location}", "{element}", "{label}"] == placeholders


def test_the_ways_with_existing_values_are_on_the_page() -> None:
    assert list(ExistingUtmAction) == listed("How they are added")


def test_the_signatures_of_the_page_are_known() -> None:
    sentence = PAGE.partition("with a query key ")[2].partition(", whatever its case")[0]
    named = re.findall(r"`([^`]+)`", sentence)
    assert all(query.is_signed(query.split_url(f"https://x.com/?a=1&{key}=b")) for key in named)
    assert sorted(key.lower() for key in named) == sorted(query.SIGNATURE_KEYS)


def test_the_findings_of_the_page_are_those_that_there_are() -> None:
    assert [*LintCode, "checked", "findings_left", "links", "unchecked"] == listed("Lint")


def test_the_audit_of_the_page_is_that_of_the_code() -> None:
    assert [*VariantReason, *Variant.__dataclass_fields__] == listed("Audit")
