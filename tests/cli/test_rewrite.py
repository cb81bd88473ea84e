import asyncio
import json
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from clicktrail import keyring_file
from clicktrail.cli.rewrite import RewrittenFile, rewrite
from clicktrail.errors import ClicktrailError
from clicktrail.model.consent import Consent
from clicktrail.model.link import BodyType
from clicktrail.model.link_set import LinkSet
from clicktrail.rewrite.dkim import sign
from clicktrail.rewrite.document import rewrite_document
from clicktrail.server.settings import get_environment, load
from clicktrail.server.wiring.stores import open_registry_read_only
from clicktrail.tokens import SealedLink, open_campaign_token, open_token
from tests.support.command_line import run_clicktrail
from tests.support.dkim_keys import ED25519_KEY, is_signature_valid
from tests.support.paths import CORPUS
from tests.support.rewriting import REWRITER

HTML = '<p>é<a href="https://example.com/boots">Boots</a> <a href="mailto:shop@example.com">Write</a>'
IN_PROCESSES = 20


def test_html_file_is_rewritten_and_reported(tmp_path: Path) -> None:
    ring = keyring_file.load_or_create(tmp_path / "ring.json", earlier_data_paths=[])
    (tmp_path / "mail.html").write_text(HTML, "utf-8")
    (tmp_path / "utm.toml").write_text('own_hosts = ["example.com"]\ncontent = ""\n', "utf-8")

    arguments = ["mail.html", "-o", "out.html", "--report", "report.json", "--keys", "ring.json", "--utm", "utm.toml"]
    sent = ["--domain", "https://go.example.com", "--campaign", "spring", "--recipient", "p1", "--message-id", "m1"]
    process = run_clicktrail("rewrite", *arguments, *sent, folder=tmp_path)

    assert (0, "") == (process.returncode, process.stdout)
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    boots, write = report["links"]
    opened = open_token(ring, boots["url"].rpartition("/")[2])
    assert ("m1", "p1", "spring") == (opened.message_id, opened.recipient, opened.campaign)
    assert "https://example.com/boots?utm_source=email&utm_medium=newsletter&utm_campaign=spring" == opened.destination
    assert (0, True, "tracked", opened.destination) == tuple(
        boots[key] for key in ("index", "tracked", "reason", "destination")
    )
    assert (1, None, False, "not-web", "") == tuple(
        write[key] for key in ("index", "position", "tracked", "reason", "url")
    )
    assert ("Boots", "body", "text", 1) == tuple(boots[key] for key in ("label", "location", "element", "line"))
    content = HTML.encode()
    assert b"https://example.com/boots" == content[boots["start"] : boots["end"]]
    after = (tmp_path / "out.html").read_bytes()
    assert content.replace(b"https://example.com/boots", boots["url"].encode()) == after
    assert {"before": len(content), "after": len(after)} == report["size"]
    assert [] == report["warnings"]
    size = f"bytes before: {len(content)}, after: {len(after)}"
    assert f"clicktrail: links found: 2, tracked: 1, not tracked: 1 not-web; {size}\n" == process.stderr


def test_json_is_the_only_standard_output(tmp_path: Path) -> None:
    (tmp_path / "big.html").write_text(f"{HTML}<p>{'x' * 110_000}", "utf-8")

    process = run_clicktrail("rewrite", "big.html", "--json", folder=tmp_path)

    ephemeral, loopback, clipped = json.loads(process.stdout)["warnings"]
    assert "no key ring: " in ephemeral
    assert "the links work only on this machine" in loopback
    assert "Gmail clips it at 102 kB" in clipped
    *warning_lines, summary = process.stderr.splitlines()
    assert [f"clicktrail: warning: {warning}" for warning in (ephemeral, loopback, clipped)] == warning_lines
    assert summary.startswith("clicktrail: links found: 2, tracked: 1, not tracked: 1 not-web; ")


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b'\xef\xbb\xbf\n<a href="https://example.com/">x</a>', "html"),
        (b"Subject: x\n\nhttps://example.com/", "text"),
        (b'Content-Type: text/html\n\n<a href="https://example.com/">x</a>', "html"),
        (b"See https://example.com/ and more", "text"),
    ],
)
def test_type_of_standard_input_is_detected(content: bytes, part: str, tmp_path: Path) -> None:
    for arguments in (["--json"], []):
        process = subprocess.run(
            [sys.executable, "-m", "clicktrail", "rewrite", "-", *arguments],
            input=content,
            cwd=tmp_path,
            capture_output=True,
            check=True,
        )
        if arguments:
            (link,) = json.loads(process.stdout)["links"]
            assert (part, "https://example.com/") == (link["part"], link["href"])
        else:
            before, _, after = content.partition(b"https://example.com/")
            assert process.stdout.startswith(before + b"http://127.0.0.1:8080/")
            assert process.stdout.endswith(after)


def test_key_ring_of_environment_and_data_folder(tmp_path: Path) -> None:
    (tmp_path / "mail.txt").write_text("https://example.com/", "utf-8")
    rings = {"data": keyring_file.load_or_create(tmp_path / "clicktrail-data" / "keys.json", earlier_data_paths=[])}
    rings["named"] = keyring_file.load_or_create(tmp_path / "named.json", earlier_data_paths=[])

    for name, added in {"data": {}, "named": {"CLICKTRAIL_KEYS": "named.json"}}.items():
        process = _run(tmp_path, added)
        token = process.stdout.rpartition("/")[2]
        assert "https://example.com/" == open_token(rings[name], token).destination

    missing = _run(tmp_path, {"CLICKTRAIL_KEYS": "missing.json"})
    assert (1, "") == (missing.returncode, missing.stdout)
    assert missing.stderr.startswith("clicktrail: error: the key ring missing.json is missing")


def _run(folder: Path, added: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "clicktrail", "rewrite", "mail.txt"]
    kept = {name: value for name, value in get_environment().items() if not name.startswith("CLICKTRAIL_")}
    return subprocess.run(command, cwd=folder, env=kept | added, capture_output=True, text=True, check=False)


def test_settings_and_headers_are_defaults_of_options(tmp_path: Path) -> None:
    ring = keyring_file.load_or_create(tmp_path / "clicktrail-data" / "keys.json", earlier_data_paths=[])
    (tmp_path / "clicktrail.toml").write_text('[utm]\nconvention_file = "utm.toml"\n', "utf-8")
    (tmp_path / "utm.toml").write_text('own_hosts = ["*"]\ncontent = ""\n', "utf-8")
    headers = "X-Clicktrail-Campaign: spring\nX-Clicktrail-Recipient: p1\nX-Clicktrail-Medium: drip\n"
    (tmp_path / "mail.eml").write_text(f"{headers}\nhttps://example.com/", "utf-8")
    (tmp_path / "off.eml").write_text("X-Clicktrail-Tracking: off\n\nhttps://example.com/", "utf-8")

    def opened(*options: str) -> SealedLink:
        process = run_clicktrail("rewrite", "mail.eml", *options, folder=tmp_path)
        before, _, token = process.stdout.rpartition("/")
        assert before.startswith(headers)
        return open_token(ring, token)

    own = opened()
    assert ("spring", "p1") == (own.campaign, own.recipient)
    assert "https://example.com/?utm_source=email&utm_medium=drip&utm_campaign=spring" == own.destination
    options_link = opened("--campaign", "autumn", "--recipient", "p2")
    assert ("autumn", "p2") == (options_link.campaign, options_link.recipient)
    off = run_clicktrail("rewrite", "off.eml", folder=tmp_path)
    assert (tmp_path / "off.eml").read_text("utf-8") == off.stdout
    assert "not everything could be rewritten: tracking-off" in off.stderr


@pytest.mark.parametrize("header", ["Subject: Reset your password", "X-Clicktrail-Stream: password-reset"])
def test_sensitive_message_stays_as_it_is(header: str, tmp_path: Path) -> None:
    content = f"{header}\n\nhttps://example.com/"
    (tmp_path / "mail.eml").write_text(content, "utf-8")
    process = run_clicktrail("rewrite", "mail.eml", folder=tmp_path)
    assert (0, content) == (process.returncode, process.stdout)
    assert "not everything could be rewritten: sensitive-message" in process.stderr


def test_consent_option_overrides_header(tmp_path: Path) -> None:
    ring = keyring_file.load_or_create(tmp_path / "keys.json", earlier_data_paths=[])
    mail, out, policy = tmp_path / "mail.eml", tmp_path / "out.eml", tmp_path / "policy.toml"
    mail.write_text("X-Clicktrail-Consent: denied\n\nhttps://example.com/", "utf-8")
    policy.write_text('unknown_consent = "anonymous"', "utf-8")

    def rewritten(consent: Consent | None) -> str:
        rewrite(
            file=str(mail),
            output=out,
            recipient="p1",
            message_id="m1",
            consent=consent,
            policy=str(policy),
            keys=tmp_path / "keys.json",
        )
        return out.read_text("utf-8").rpartition("/")[2]

    assert "" == rewritten(None)
    granted, unknown = (open_token(ring, rewritten(consent)) for consent in (Consent.GRANTED, Consent.UNKNOWN))
    assert ("m1", "p1", "") == (granted.message_id, granted.recipient, unknown.recipient)
    assert unknown.message_id not in {"m1", ""}


def test_signed_message_is_signed_again_with_the_key_in_the_settings(tmp_path: Path) -> None:
    keyring_file.load_or_create(tmp_path / "clicktrail-data" / keyring_file.FILE_NAME, earlier_data_paths=[])
    (tmp_path / "clicktrail.toml").write_text(
        '[dkim]\ndomain = "example.com"\nselector = "ed"\nprivate_key_file = "dkim.pem"\n', "utf-8"
    )
    message = b"From: a@example.com\r\nSubject: A\r\n\r\nhttps://example.com/\r\n"
    (tmp_path / "mail.eml").write_bytes(sign(message, ED25519_KEY, signed_at=datetime(2024, 5, 6, tzinfo=UTC)))
    (tmp_path / "mail.html").write_text(HTML, "utf-8")

    keyless = run_clicktrail("rewrite", "mail.html", "-o", "out.html", folder=tmp_path)
    pem = ED25519_KEY.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "dkim.pem").write_bytes(pem)
    process = run_clicktrail("rewrite", "mail.eml", "-o", "out.eml", folder=tmp_path)

    assert (0, 0) == (keyless.returncode, process.returncode)
    assert "links found: 1, tracked: 1" in process.stderr
    assert is_signature_valid((tmp_path / "out.eml").read_bytes())


def test_policy_is_a_preset_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "mail.txt").write_text("https://example.com/privacy https://other.example/", "utf-8")
    (tmp_path / "policy.toml").write_text('preset = "all"\ndenied_hosts = ["other.example"]\n', "utf-8")
    report = tmp_path / "report.json"

    def reasons(policy: str = "standard") -> list[str]:
        rewrite(file=str(tmp_path / "mail.txt"), output=tmp_path / "out", report=report, policy=policy)
        return [link["reason"] for link in json.loads(report.read_text("utf-8"))["links"]]

    assert ["privacy", "tracked"] == reasons()
    assert ["tracked", "tracked"] == reasons("all")
    assert ["tracked", "host-denied"] == reasons(str(tmp_path / "policy.toml"))
    with pytest.raises(ClicktrailError, match="cannot read the policy everything: No such file") as caught:
        reasons("everything")
    assert "presets are standard, conversion-links-only, all" == caught.value.hint


def test_read_and_write_failures_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "mail.txt").write_text("https://example.com/", "utf-8")
    (tmp_path / "latin.toml").write_bytes(b"\xe9")

    with pytest.raises(ClicktrailError, match=r"cannot read .*none\.txt: No such file"):
        rewrite(file=str(tmp_path / "none.txt"))
    with pytest.raises(ClicktrailError, match=r"cannot write .*: Is a directory"):
        rewrite(file=str(tmp_path / "mail.txt"), output=tmp_path)
    with pytest.raises(ClicktrailError, match=r"latin\.toml is not UTF-8"):
        rewrite(file=str(tmp_path / "mail.txt"), utm=tmp_path / "latin.toml")


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the corpus of real mail is not at {CORPUS}")
@pytest.mark.timeout(600)
@pytest.mark.without_coverage
def test_real_mail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keyring_file.load_or_create(tmp_path / "keys.json", earlier_data_paths=[])
    report, out = tmp_path / "report.json", tmp_path / "out"
    counts: Counter[str] = Counter()
    for path in sorted([*(CORPUS / "html").iterdir(), *(CORPUS / "eml").iterdir()]):
        rewrite(file=str(path), output=out, report=report, keys=tmp_path / "keys.json")
        described = json.loads(report.read_text("utf-8"))
        assert {"before": path.stat().st_size, "after": out.stat().st_size} == described["size"], path.name
        if path.suffix == ".html":
            _check_offsets(path.read_bytes(), out.read_bytes(), described["links"])
        counts += Counter(files=1, links=len(described["links"]), warnings=len(described["warnings"]))
        counts["tracked"] += sum(link["tracked"] for link in described["links"])
    with capsys.disabled():
        sys.stdout.write(f"\nclicktrail rewrite: {dict(counts)}\n")
    assert counts["tracked"]


def _check_offsets(before: bytes, after: bytes, links: list[dict[str, Any]]) -> None:
    """The file changed in the spans of tracked links and nowhere else."""
    codec = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(before[:2], "ascii")
    for link in reversed(links):
        if link["tracked"]:
            before = before[: link["start"]] + link["url"].encode(codec) + before[link["end"] :]
    assert before == after


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the corpus of real mail is not at {CORPUS}")
@pytest.mark.without_coverage
def test_real_mail_as_a_process(tmp_path: Path) -> None:
    paths = sorted((CORPUS / "eml").iterdir())
    for path in paths[:: len(paths) // IN_PROCESSES]:
        process = run_clicktrail("rewrite", str(path), "-o", "out.eml", "--json", folder=tmp_path)
        assert 0 == process.returncode, process.stderr
        assert json.loads(process.stdout)["size"]["after"] == (tmp_path / "out.eml").stat().st_size


def test_campaign_with_a_line_break_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mail.txt").write_text("https://example.com/", "utf-8")

    refused = run_clicktrail("rewrite", "mail.txt", "--campaign", "winter\r\nsale", folder=tmp_path)

    assert (1, "") == (refused.returncode, refused.stdout)
    assert refused.stderr.startswith(
        "clicktrail: error: the campaign has the control character U+000D: 'winter\\r\\nsale'\n"
    )


def test_unknown_suffix_is_refused(tmp_path: Path) -> None:
    (tmp_path / "clicktrail.txt").write_text("https://example.com/", "utf-8")
    (tmp_path / "clicktrail.toml").write_text("", "utf-8")

    taken = run_clicktrail("rewrite", "clicktrail.txt", folder=tmp_path)
    refused = run_clicktrail("rewrite", "clicktrail.toml", folder=tmp_path)

    assert (0, 1) == (taken.returncode, refused.returncode)
    assert refused.stderr.startswith("clicktrail: error: clicktrail.toml is no .html, .htm, .txt, .eml file\n")


A = "https://example.com/"


def rewritten(html: str) -> RewrittenFile:
    """A file of HTML with its links replaced."""
    content = html.encode()
    result = rewrite_document(content, BodyType.HTML, REWRITER)
    return RewrittenFile(content=content, body_type=BodyType.HTML, result=result)


def test_duplicate_links_are_two_rows_with_one_index() -> None:
    twins = f"<!--[if mso]><v:rect href='{A}'></v:rect><![endif]--><a href='{A}'>x</a>"
    file = rewritten(f"<a href='mailto:a@b'>w</a>{twins}")
    rows = file.build_report([])["links"]
    assert [(0, None), (1, 0), (1, 0)] == [(row["index"], row["position"]) for row in rows]
    assert ["mailto:a@b", A, A] == [file.content[row["start"] : row["end"]].decode() for row in rows]


def test_summary_names_the_most_frequent_reason_first() -> None:
    twins = f"<!--[if mso]><v:rect href='{A}'></v:rect><![endif]--><a href='{A}'>x</a>"
    file = rewritten(f"{twins}<a href='tel:1'><a href='{A}unsubscribe'><a href='mailto:a@b'>")
    start = "links found: 4, tracked: 1, not tracked: 2 not-web, 1 unsubscribe; "
    assert f"{start}bytes before: {len(file.content)}, after: {len(file.result.raw)}" == file.summary()


def test_summary_names_no_reason_if_all_links_are_tracked() -> None:
    assert rewritten(f"<a href='{A}'>").summary().startswith("links found: 1, tracked: 1; ")


def test_report_marks_traps() -> None:
    first, second = rewritten(f"<a href='{A}' data-clicktrail=trap><a href='{A}'>").build_report(())["links"]
    assert (first["trap"], "trap" in second) == (True, False)


def test_warnings_name_the_link() -> None:
    (warning,) = rewritten(f"<p>\n<a href='{A}'>example.com</a>").warnings()
    assert f"visible-url: the link '{A}' in line 2" == warning


HTML_esp = """<p>Hi {{first_name}} <a href="https://shop.example/a">A</a>
<a href="https://shop.example/b" data-clicktrail-group="tiles">B</a> <a href="{{unsubscribe}}">Bye</a>"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with settings, a key ring and a template."""
    (tmp_path / "clicktrail.toml").write_text('[tracking]\ndomain = "https://links.shop.example"\n', "utf-8")
    keyring_file.load_or_create(tmp_path / "clicktrail-data" / keyring_file.FILE_NAME, earlier_data_paths=[])
    (tmp_path / "mail.html").write_text(HTML_esp, "utf-8")
    return tmp_path


def kept(folder: Path, number: int) -> LinkSet | None:
    """A link set in the folder's registry."""

    async def find() -> LinkSet | None:
        async with open_registry_read_only(load(folder / "clicktrail.toml", {})) as registry:
            return await registry.link_sets.find(number)

    return asyncio.run(find())


@pytest.mark.parametrize(
    ("esp", "tag"),
    [
        ("sendgrid", "{{recipient_id}}"),
        ("mailgun", "%recipient.id%"),
        ("postmark", "{{recipient_id}}"),
        ("klaviyo", "{{person.KlaviyoID}}"),
    ],
)
def test_template_for_each_esp(folder: Path, esp: str, tag: str) -> None:
    process = run_clicktrail(
        "rewrite", "mail.html", "--esp", esp, "--campaign", "spring", "-o", "out.html", folder=folder
    )

    assert 0 == process.returncode, process.stderr
    out = (folder / "out.html").read_text("utf-8")
    tokens = re.findall(rf"https://links\.shop\.example/([\w-]+)/{re.escape(tag)}\"", out)
    ring = keyring_file.load(folder / "clicktrail-data" / keyring_file.FILE_NAME)
    opened = [open_campaign_token(ring, token) for token in tokens]
    assert [0, 1] == [position for _, position in opened]
    assert {("", "")} == {(sealed.message_id, sealed.recipient) for sealed, _ in opened}
    link_set = kept(folder, opened[0][0].link_set_id)
    assert link_set is not None
    assert "spring" == link_set.campaign
    assert [(0, "https://shop.example/a", ""), (1, "https://shop.example/b", "tiles")] == [
        (link.position, link.destination, link.group) for link in link_set.links
    ]
    urls = iter(["https://shop.example/a", "https://shop.example/b"])
    assert HTML_esp == re.sub(rf"https://links\.shop\.example/[\w-]+/{re.escape(tag)}", lambda _: next(urls), out)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["mail.html", "--esp", "mailchimp"], "there is no ESP 'mailchimp'"),
        (["mail.eml", "--esp", "sendgrid"], "a message is no template"),
        (["mail.html", "--esp", "sendgrid", "--policy", "asked.toml"], "a template identifies its recipients"),
        (["mail.html", "--esp", "sendgrid", "--config", "other.toml"], "a template needs the key ring"),
    ],
)
def test_unsuitable_template_is_refused(folder: Path, arguments: list[str], error: str) -> None:
    (folder / "mail.eml").write_text(f"Content-Type: text/html\n\n{HTML_esp}", "utf-8")
    (folder / "asked.toml").write_text('unknown_consent = "anonymous"\n', "utf-8")
    (folder / "other.toml").write_text('data_dir = "elsewhere"\n', "utf-8")
    process = run_clicktrail("rewrite", *arguments, folder=folder)
    assert (1, "") == (process.returncode, process.stdout)
    assert process.stderr.startswith(f"clicktrail: error: {error}")
    assert not (folder / "clicktrail-data" / "registry.sqlite3").exists()


def test_inspect_shows_template_links(folder: Path) -> None:
    process = run_clicktrail("rewrite", "mail.html", "--esp", "mailgun", folder=folder)
    url = re.findall(r'https://links[^"]+', process.stdout)[0].replace("%recipient.id%", "p%2D17")
    inspected = run_clicktrail("inspect", url, folder=folder)
    assert "link_set           1\n" in inspected.stdout
    assert "recipient          p-17\nrecipient_unsealed True\n" in inspected.stdout
