import json
import re
from pathlib import Path

import pytest

from clicktrail.cli.utm import read_links
from clicktrail.errors import ClicktrailError
from clicktrail.rewrite import SkipReason
from tests.support.command_line import run_clicktrail
from tests.support.paths import CASES

RIGHT = "https://x.com/?utm_source=email&utm_medium=newsletter&utm_campaign=2026-11_sale"
CONVENTION = 'own_hosts = ["x.com"]\n'


def test_lint_fixes_values_with_one_possible_correction(tmp_path: Path) -> None:
    (tmp_path / "utm.toml").write_text(CONVENTION)
    page = tmp_path / "page.html"
    page.write_text(f'<a href="{RIGHT.replace("email", "E-Mail")}">a</a>\n<a href="https://x.com/b">b</a>')

    before = run_clicktrail("utm", "lint", "page.html", "--convention", "utm.toml", folder=tmp_path)
    first = run_clicktrail("utm", "lint", "page.html", "--convention", "utm.toml", "--fix", folder=tmp_path)
    second = run_clicktrail(
        *["utm", "lint", "page.html", "--convention", "utm.toml", "--fix", "--campaign", "2026-11_sale"],
        folder=tmp_path,
    )

    assert [1, 1, 0] == [before.returncode, first.returncode, second.returncode]
    assert before.stdout.startswith("page.html:1: https://x.com/?utm_source=E-Mail")
    assert "  separator: utm_source is 'E-Mail', with hyphens instead of underscores (fixed)\n" in first.stdout
    assert "page.html:2: https://x.com/b\n  untagged: " in first.stdout
    assert "clicktrail: links checked: 2, not checked: 0, findings left: 1\n" == first.stderr
    href = RIGHT.replace("&", "&amp;")
    assert page.read_text() == (f'<a href="{href}">a</a>\n<a href="{href.replace("/?", "/b?")}">b</a>')


def test_campaign_with_a_line_break_is_refused(tmp_path: Path) -> None:
    refused = run_clicktrail("utm", "lint", RIGHT, "--fix", "--campaign", "2026-11\n_sale", folder=tmp_path)
    assert (1, "") == (refused.returncode, refused.stdout)
    assert "the campaign has the control character U+000A" in refused.stderr


def test_lint_as_json(tmp_path: Path) -> None:
    process = run_clicktrail("utm", "lint", RIGHT, RIGHT + "&utm_term=A", "--fix", "--json", folder=tmp_path)
    assert 0 == process.returncode
    assert json.loads(process.stdout) == {
        "checked": 2,
        "findings_left": 0,
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
        "unassigned": [],
        "unchecked": [],
    }


def test_lint_fixes_messages(tmp_path: Path) -> None:
    head = "MIME-Version: 1.0\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n"
    link = f'<a href=3D"{RIGHT}&utm_term=3DA">'.replace("=2", "=3D2").replace("=e", "=3De").replace("=n", "=3Dn")
    (tmp_path / "a.eml").write_text(f"{head}{link}\n")
    (tmp_path / "signed.eml").write_text(f"DKIM-Signature: v=1\nContent-Type: text/plain\n\n{RIGHT}&utm_term=A\n")

    unfixed = run_clicktrail("utm", "lint", "a.eml", folder=tmp_path)
    fixed = run_clicktrail("utm", "lint", "a.eml", "signed.eml", "--fix", folder=tmp_path)
    fixed_again = run_clicktrail("utm", "lint", "a.eml", folder=tmp_path)

    assert [1, 0, 0] == [unfixed.returncode, fixed.returncode, fixed_again.returncode]
    assert "  case: utm_term is 'A'" in unfixed.stdout
    assert "clicktrail: warning: not all of signed.eml could be read: dkim-signed\n" in fixed.stderr
    message = (tmp_path / "a.eml").read_text()
    assert message.startswith(head)
    assert "utm_term=3Da" in message.replace("=\n", "")


def test_convention_of_the_settings_is_the_default(tmp_path: Path) -> None:
    (tmp_path / "clicktrail.toml").write_text('[utm]\nown_hosts = ["x.com"]\nsource = "shop"\n')
    linted = run_clicktrail("utm", "lint", "https://x.com/", RIGHT, folder=tmp_path)
    assert "untagged: x.com is one of your own hosts" in linted.stdout
    assert "unknown-source: utm_source is 'email', the convention requires 'shop'" in linted.stdout


def test_lint_reports_unchecked_links(tmp_path: Path) -> None:
    (tmp_path / "utm.toml").write_text(CONVENTION)
    (tmp_path / "page.html").write_text('<a href="https://y.com/">a</a><a href="mailto:a@b">b</a>')

    url = run_clicktrail("utm", "lint", "https://y.com/", "--convention", "utm.toml", folder=tmp_path)
    page = run_clicktrail("utm", "lint", "page.html", "--convention", "utm.toml", "--json", folder=tmp_path)

    assert [(0, ""), 0] == [(url.returncode, url.stdout), page.returncode]
    assert url.stderr == (
        "clicktrail: not checked: https://y.com/: y.com is not one of your own hosts\n"
        "clicktrail: links checked: 0, not checked: 1, findings left: 0\n"
    )
    assert ["y.com is not one of your own hosts", "it is not an http or https URL"] == [
        row["reason"] for row in json.loads(page.stdout)["unchecked"]
    ]


@pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is not here")
def test_damaged_links_of_a_page_are_fixed(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_bytes((CASES / "clicks" / "utm" / "lint_fix_input.html").read_bytes())
    linted = run_clicktrail("utm", "lint", "page.html", folder=tmp_path)
    fixed = run_clicktrail("utm", "lint", "page.html", "--fix", folder=tmp_path)
    assert (linted.returncode, "Unassigned" in linted.stdout, fixed.returncode) == (1, False, 0)
    right = RIGHT.replace("x.com", "example.com").replace("sale", "winter").replace("&", "&amp;")
    assert re.findall('href="(.*?)"', page.read_text()) == [right] * 6


def test_lint_says_what_it_leaves(tmp_path: Path) -> None:
    url = RIGHT.replace("utm_campaign", "utm_campaignid")
    process = run_clicktrail("utm", "lint", url, "--fix", "--campaign", "2026-11_sale", folder=tmp_path)
    assert process.returncode == 1
    assert "does not read utm_campaignid: utm_campaign or utm_id may be meant (left as it is)\n" in process.stdout
    assert "now " not in process.stdout


def test_lint_says_which_visits_are_unassigned(tmp_path: Path) -> None:
    (tmp_path / "utm.toml").write_text("source = 'klaviyo'")
    url = RIGHT.replace("email", "klaviyo")
    linted = run_clicktrail("utm", "lint", url, f"{url}&utm_term=a", "--convention", "utm.toml", folder=tmp_path)
    as_json = run_clicktrail("utm", "lint", url, "--convention", "utm.toml", "--json", folder=tmp_path)
    assert linted.returncode == 0
    assert linted.stdout == (
        "Google Analytics 4 will call visits with source 'klaviyo' and medium 'newsletter' Unassigned: "
        "its channel Email needs 'email' as source or medium (2 links)\n"
    )
    assert json.loads(as_json.stdout)["unassigned"] == [
        {"source": "klaviyo", "medium": "newsletter", "channel": "Unassigned", "links": 1}
    ]


@pytest.mark.parametrize(
    ("url", "options", "built"),
    [
        ("https://x.com/", ["--campaign", "2026-11_sale"], RIGHT),
        ("https://x.com/?a=%20b#c", ["--campaign", "2026-11_sale"], RIGHT.replace("?", "?a=%20b&") + "#c"),
        (RIGHT, ["--campaign", "2026-12_sale"], RIGHT.replace("11", "12")),
        (
            "https://x.com/",
            ["--medium", "drip", "--campaign", "welcome", "--content", "hero", "--term", "a"],
            "https://x.com/?utm_source=email&utm_medium=drip&utm_campaign=welcome&utm_content=hero&utm_term=a",
        ),
    ],
)
def test_build(tmp_path: Path, url: str, options: list[str], built: str) -> None:
    (tmp_path / "utm.toml").write_text(CONVENTION)
    process = run_clicktrail("utm", "build", url, *options, "--convention", "utm.toml", folder=tmp_path)
    assert (process.returncode, process.stdout, process.stderr) == (0, f"{built}\n", "")


def test_build_as_json_names_the_channel(tmp_path: Path) -> None:
    process = run_clicktrail("utm", "build", "https://x.com/", "--campaign", "2026-11_sale", "--json", folder=tmp_path)
    assert json.loads(process.stdout) == {"url": RIGHT, "source": "email", "medium": "newsletter", "channel": "Email"}


def test_build_warns_of_unassigned_visits(tmp_path: Path) -> None:
    (tmp_path / "utm.toml").write_text("source = 'klaviyo'")
    options = ["--campaign", "2026-11_sale", "--convention", "utm.toml"]
    process = run_clicktrail("utm", "build", "https://x.com/", *options, folder=tmp_path)
    assert process.returncode == 0
    assert "will call visits with source 'klaviyo' and medium 'newsletter' Unassigned" in process.stderr


@pytest.mark.parametrize(
    ("url", "options", "error"),
    [
        ("https://x.com/", ["--campaign", "2026-11 Sale"], "did you mean '2026-11_sale'?"),
        ("https://x.com/", ["--campaign", "sale"], "campaigns of newsletter are named YYYY-MM_description"),
        ("https://x.com/", ["--campaign", "sale", "--medium", "drop"], "did you mean 'drip'?"),
        ("https://x.com/", ["--campaign", "2026-11_sale", "--content", "ann@x.com"], "personal data"),
        ("https://y.com/", ["--campaign", "2026-11_sale"], "y.com is not one of your own hosts"),
        ("https://x.com/?token=1", ["--campaign", "2026-11_sale"], "a secret or a signature (parameter token)"),
        ("https://x.com/utm_source=a", ["--campaign", "2026-11_sale"], "UTM parameters are in the path"),
        ("x.com", ["--campaign", "2026-11_sale"], "is not an http or https URL"),
    ],
)
def test_build_refuses(tmp_path: Path, url: str, options: list[str], error: str) -> None:
    (tmp_path / "utm.toml").write_text(CONVENTION)
    process = run_clicktrail("utm", "build", url, *options, "--convention", "utm.toml", folder=tmp_path)
    assert (process.returncode, process.stdout) == (1, "")
    assert error in process.stderr


def test_invalid_convention_is_refused(tmp_path: Path) -> None:
    (tmp_path / "utm.toml").write_text("sauce = 'email'")
    (tmp_path / "latin.toml").write_bytes(b"source = '\xe9'")
    process = [
        run_clicktrail("utm", "lint", RIGHT, "--convention", name, folder=tmp_path)
        for name in ("utm.toml", "latin.toml", "none.toml")
    ]
    assert [1, 1, 1] == [run.returncode for run in process]
    assert "clicktrail: hint: did you mean 'source'?" in process[0].stderr
    assert "clicktrail: error: latin.toml is not UTF-8\n" == process[1].stderr
    assert process[2].stderr.startswith("clicktrail: error: cannot read none.toml: ")


EXPORT = "Session source / medium,Session campaign,Sessions\nE-Mail / newsletter,café,30\nemail / newsletter,café,70\n"


def test_audit_shows_inconsistent_share_and_writes_mapping(tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_text(EXPORT, encoding="utf-16")

    process = run_clicktrail("utm", "audit", "export.csv", "--mapping", "mapping.csv", folder=tmp_path)

    assert (0, "") == (process.returncode, process.stderr)
    assert process.stdout == (
        "50.0% of rows (1 of 2) and 30.0% of sessions (30 of 100) have a value that should be spelled differently.\n"
        "  utm_source: 'E-Mail' should be 'email' (spelling; 1 rows, 30 sessions)\n"
    )
    assert (tmp_path / "mapping.csv").read_bytes().decode() == (
        "parameter,value,canonical,reason,rows,sessions\r\nutm_source,E-Mail,email,spelling,1,30\r\n"
    )


def test_audit_as_json(tmp_path: Path) -> None:
    (tmp_path / "utm.toml").write_text("source = 'E-Mail'")
    (tmp_path / "export.csv").write_bytes(EXPORT.encode("latin-1"))
    process = run_clicktrail("utm", "audit", "export.csv", "--convention", "utm.toml", "--json", folder=tmp_path)
    assert json.loads(process.stdout) == {
        "rows": 2,
        "sessions": 100,
        "inconsistent_rows": 1,
        "inconsistent_sessions": 70,
        "variants": [
            {
                "parameter": "utm_source",
                "value": "email",
                "canonical": "E-Mail",
                "reason": "spelling",
                "rows": 1,
                "sessions": 70,
            }
        ],
    }


def test_audit_of_missing_file_is_an_error(tmp_path: Path) -> None:
    process = run_clicktrail("utm", "audit", "none.csv", folder=tmp_path)
    assert "clicktrail: error: cannot read none.csv: No such file or directory\n" == process.stderr


def test_replacing_urls_keeps_all_other_characters(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_bytes("<p>é\r\n<a href='https://x.com/?a&amp;b'>x</a>\n<A HREF=https://y.com/>y</A>".encode("latin-1"))

    file = read_links(page)
    better = file.replace_urls({"https://x.com/?a&b": "https://x.com/?'&\"", "https://y.com/": "https://y.com/?a b"})

    assert [("https://x.com/?a&b", 2), ("https://y.com/", 3)] == [(link.url, link.line) for link in file.links]
    expected = "<p>é\r\n<a href='https://x.com/?&#39;&amp;&#34;'>x</a>\n<A HREF=https://y.com/?a&#32;b>y</A>"
    assert expected.encode("latin-1") == better


def test_untracked_links_can_be_fixed(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    urls = ["https://x.com/?id={{id}}", "https://x.com/unsubscribe?a", "mailto:a@b?c", "/relative"]
    page.write_text("<base href='https://x.com/'>" + "".join(f"<a href='{url}'>" for url in urls))
    file = read_links(page)
    assert [(url, False) for url in urls[:3]] == [(link.url, link.utm_required) for link in file.links[:3]]
    better = file.replace_urls({url: url.upper() for url in urls[:3]})
    assert [urls[0].upper(), urls[1].upper(), urls[2], urls[3]] == re.findall(r"<a href='(.*?)'>", better.decode())


def test_urls_in_a_list_may_contain_spaces(tmp_path: Path) -> None:
    url_list = tmp_path / "urls.txt"
    url_list.write_text("https://x.com/?utm_campaign=Big Sale\r\n\r\n  https://y.com/\n", newline="")

    file = read_links(url_list)

    assert [("https://x.com/?utm_campaign=Big Sale", 1), ("https://y.com/", 3)] == [
        (link.url, link.line) for link in file.links
    ]
    better = file.replace_urls(
        {"https://x.com/?utm_campaign=Big Sale": "https://x.com/", "https://y.com/": "https://z.com/"}
    )
    assert b"https://x.com/\r\n\r\n  https://z.com/\n" == better


def test_links_of_a_text_file(tmp_path: Path) -> None:
    text = tmp_path / "letter.txt"
    text.write_text("Hello.\nSee https://x.com/a.\n")
    file = read_links(text)
    assert [("https://x.com/a", 2)] == [(link.url, link.line) for link in file.links]
    assert b"Hello.\nSee https://y.com/.\n" == file.replace_urls({"https://x.com/a": "https://y.com/"})


def test_message_keeps_its_encoding(tmp_path: Path) -> None:
    message = tmp_path / "message.eml"
    raw = (
        b"Subject: x\nMIME-Version: 1.0\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n"
        b'<a href=3D"https://x.com/?a=3Db">=C3=A9</a><a href=3D"https://x.com/unsubscribe">y</a>\n'
    )
    message.write_bytes(raw)
    file = read_links(message)
    assert [("https://x.com/?a=b", 0, True), ("https://x.com/unsubscribe", 0, False)] == [
        (link.url, link.line, link.utm_required) for link in file.links
    ]
    better = file.replace_urls({"https://x.com/?a=b": "https://x.com/?a=c"})
    assert raw.replace(b"a=3Db", b"a=3Dc") == better.replace(b"=\n", b"")


def test_unreadable_parts_of_a_message_are_reported(tmp_path: Path) -> None:
    message = tmp_path / "message.eml"
    message.write_bytes(b"DKIM-Signature: v=1; b=x\nContent-Type: text/plain\n\nhttps://x.com/\n")
    file = read_links(message)
    assert ((), (SkipReason.DKIM_SIGNED,)) == (file.links, file.skip_reasons)


@pytest.mark.parametrize(
    ("name", "error"), [("missing.html", "cannot read .*missing.html"), ("a.pdf", "a.pdf has an unknown suffix")]
)
def test_unreadable_file_is_an_error(tmp_path: Path, name: str, error: str) -> None:
    (tmp_path / "a.pdf").touch()
    with pytest.raises(ClicktrailError, match=error):
        read_links(tmp_path / name)


def test_traps_need_no_utm_parameters(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<a href="https://x.com/" data-clicktrail="trap"></a><a href="https://x.com/"></a>')
    assert [link.utm_required for link in read_links(page).links] == [False, True]
