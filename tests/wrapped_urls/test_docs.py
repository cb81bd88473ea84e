"""docs/reference/inspect.md agrees with the rules."""

import re

from clicktrail.wrapped_urls.rules import load_wrapper_rules
from tests.support.paths import ROOT


def test_page_has_every_service() -> None:
    page = (ROOT / "docs" / "reference" / "inspect.md").read_text("utf-8")
    rows = re.findall(r"^\| (`.*?`) \|", page, flags=re.MULTILINE)
    documented = {name for row in rows for name in re.findall("`([^`]+)`", row)} - {"by"}
    assert documented == {rule.by for rule in load_wrapper_rules()}
