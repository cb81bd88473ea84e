import json
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from tests.support.command_line import run_clicktrail


def write_domains(folder: Path, *sites: Mapping[str, object]) -> None:
    """Write the file of the tracking domains that the edge serves."""
    path = folder / "clicktrail-data" / "domains.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"domains": [{"site": site} for site in sites]}), "utf-8")


def print_privacy_text(folder: Path, settings: str, *options: str) -> str:
    """What is written with these settings."""
    (folder / "clicktrail.toml").write_text(settings, "utf-8")
    process = run_clicktrail("privacy-text", *options, folder=folder)
    assert (0, "") == (process.returncode, process.stderr)
    return process.stdout


def test_text_follows_the_settings(tmp_path: Path) -> None:
    write_domains(tmp_path, {"host": "a.example"}, {"host": "b.example", "engagement_hosts": ["b.example"]})
    (tmp_path / "policy.toml").write_text('unknown_consent = "off"')
    text = print_privacy_text(
        tmp_path,
        '[tracking]\npolicy = "policy.toml"\n[engagement]\nhosts = ["shop.example"]\n'
        '[privacy]\nopted_out = "none"\nip_address_hours = 5\n[journal]\nretention_hours = 7',
    )
    assert 1 == text.count("\n")
    for expected in (
        "go through a.example, b.example,",
        "On b.example, shop.example a script",
        "After 5 hours",
        "until 8 hours",
        "only for recipients who have agreed",
        "Do Not Track, we record nothing.",
    ):
        assert expected in text


def test_text_of_default_settings(tmp_path: Path) -> None:
    text = print_privacy_text(tmp_path, '[tracking]\ndomain = "https://links.example.com:8443"')
    assert "go through links.example.com," in text
    assert "script" not in text
    assert "recipients who have not been asked." in text
    assert "the hour, and" in text
    assert "{" not in text


def test_text_promises_least_if_domains_differ(tmp_path: Path) -> None:
    strict = {"host": "a.example", "opted_out": "none"}
    write_domains(tmp_path, strict, {"host": "b.example"})
    assert "the hour, and" in print_privacy_text(tmp_path, "")
    write_domains(tmp_path, strict, {"host": "b.example", "opted_out": "none"})
    assert "the hour, and" not in print_privacy_text(tmp_path, "")


def test_text_in_german(tmp_path: Path) -> None:
    text = print_privacy_text(tmp_path, "", "--language", "de")
    assert text.startswith("Links in unseren E-Mails führen über 127.0.0.1")
    assert "{" not in text


def test_languages_have_the_same_sentences() -> None:
    sentences = tomllib.loads((resources.files("clicktrail.cli") / "privacy.toml").read_text("utf-8"))
    for name, english in sentences["en"].items():
        for translation in sentences.values():
            assert english.count("{") == translation[name].count("{")
    assert {tuple(sentences["en"])} == {tuple(translation) for translation in sentences.values()}


def test_unknown_language_is_wrong_usage(tmp_path: Path) -> None:
    assert 2 == run_clicktrail("privacy-text", "--language", "fr", folder=tmp_path).returncode
