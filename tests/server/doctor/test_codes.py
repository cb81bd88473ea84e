import re

from tests.support.paths import ROOT

SERVER = ROOT / "src" / "clicktrail" / "server"
PAGE = (ROOT / "docs" / "reference" / "doctor.md").read_text("utf-8")


def find_codes(pattern: str, folder: str = "") -> set[str]:
    """Codes in the source files below a folder of the server."""
    sources = (path.read_text("utf-8") for path in (SERVER / folder).rglob("*.py"))
    return {code for source in sources for code in re.findall(pattern, source)}


def test_page_lists_every_code_and_no_other() -> None:
    problems = find_codes(r'\bProblem\(\s*code="([\w-]+)"')
    findings = find_codes(r'(?:\bcode=|_(?:error|warning|note)\(\s*)"([\w-]+)"', "doctor")
    statuses = {f"process-{status}" for status in ("starting", "unresponsive", "down")}
    assert problems | findings | statuses == set(re.findall(r"(?m)^\| `([\w-]+)` \|", PAGE))
