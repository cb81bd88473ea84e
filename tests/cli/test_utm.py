import json
from pathlib import Path

from tests.cli.running import clicktrail

RIGHT = "https://x.com/?utm_source=email&utm_medium=newsletter&utm_campaign=2026-11_sale"
CONVENTION = 'own_hosts = ["x.com"]\n'


def test_lint_fixes_what_has_one_right_form(tmp_path: Path) -> None:
    """The file is put right in place, and what is left makes the exit status 1."""
    (tmp_path / "utm.toml").write_text(CONVENTION)
    page = tmp_path / "page.html"
    page.write_text(f'<a href="{RIGHT.replace("email", "E-Mail")}">a</a>\n<a href="https://x.com/b">b</a>')

    before = clicktrail("utm", "lint", "page.html", "--convention", "utm.toml", folder=tmp_path)
    first = clicktrail("utm", "lint", "page.html", "--convention", "utm.toml", "--fix", folder=tmp_path)
    second = clicktrail(
        *["utm", "lint", "page.html", "--convention", "utm.toml", "--fix", "--campaign", "2026-11_sale"],
        folder=tmp_path,
    )

    assert [1, 1, 0] == [before.returncode, first.returncode, second.returncode]
    assert before.stdout.startswith("page.html:1: https://x.com/?utm_source=E-Mail")
    assert "  separator: utm_source is 'E-Mail', with hyphens instead of underscores (fixed)\n" in first.stdout
    assert "page.html:2: https://x.com/b\n  untagged: " in first.stdout
    assert "clicktrail: links checked: 2, findings left: 1\n" == first.stderr
    href = RIGHT.replace("&", "&amp;")
    assert page.read_text() == (f'<a href="{href}">a</a>\n<a href="{href.replace("/?", "/b?")}">b</a>')


def test_lint_as_json(tmp_path: Path) -> None:
    """One document, with every finding that there is."""
    done = clicktrail("utm", "lint", RIGHT, RIGHT + "&utm_term=A", "--fix", "--json", folder=tmp_path)
    assert 0 == done.returncode
    assert json.loads(done.stdout) == {
        "checked": 2,
        "left": 0,
        "links": [
            {
                "source": f"{RIGHT}&utm_term=A",
                "line": None,
                "url": f"{RIGHT}&utm_term=A",
                "fixed_url": f"{RIGHT}&utm_term=a",
                "findings": [
                    {
                        "code": "case",
                        "parameter": "utm_term",
                        "message": "utm_term is 'A', with capital letters",
                        "fixed": True,
                    }
                ],
            }
        ],
    }


def test_lint_reads_messages_and_fixes_none(tmp_path: Path) -> None:
    """The parts of a message are encoded, and what it was made from is what has to be put right."""
    (tmp_path / "a.eml").write_text(f"Content-Type: text/plain\n\n{RIGHT}&utm_term=A\n")
    read = clicktrail("utm", "lint", "a.eml", folder=tmp_path)
    fixed = clicktrail("utm", "lint", "a.eml", "--fix", folder=tmp_path)
    assert [1, 1] == [read.returncode, fixed.returncode]
    assert "  case: utm_term is 'A'" in read.stdout
    assert fixed.stderr.startswith("clicktrail: error: cannot fix a.eml")


def test_a_convention_that_cannot_be_used(tmp_path: Path) -> None:
    """It is an error in one line, with what is right."""
    (tmp_path / "utm.toml").write_text("sauce = 'email'")
    (tmp_path / "latin.toml").write_bytes(b"source = '\xe9'")
    done = [
        clicktrail("utm", "lint", RIGHT, "--convention", name, folder=tmp_path)
        for name in ("utm.toml", "latin.toml", "none.toml")
    ]
    assert [1, 1, 1] == [run.returncode for run in done]
    assert "clicktrail: hint: did you mean 'source'?" in done[0].stderr
    assert "clicktrail: error: the convention latin.toml is not UTF-8\n" == done[1].stderr
    assert done[2].stderr.startswith("clicktrail: error: cannot read the convention none.toml: ")
