import tomllib
from importlib import resources
from pathlib import Path

from tests.support.command_line import run_clicktrail


def text_of(folder: Path, settings: str, *options: str) -> str:
    """What is written with these settings."""
    (folder / "clicktrail.toml").write_text(settings, "utf-8")
    done = run_clicktrail("privacy-text", *options, folder=folder)
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


def test_the_text_tells_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "domains.toml").write_text(
        '[[domain]]\nhost = "a.example"\n[[domain]]\nhost = "b.example"\nengagement_hosts = ["b.example"]'
    )
    (tmp_path / "policy.toml").write_text('unknown_consent = "off"')
    text = text_of(
        tmp_path,
        '[tracking]\ndomains_file = "domains.toml"\npolicy = "policy.toml"\n[engagement]\nhosts = ["shop.example"]\n'
        '[privacy]\nopted_out = "none"\nip_address_hours = 5\n[journal]\nretention_hours = 7',
    )
    assert 1 == text.count("\n")
    for told in (
        "by way of a.example, b.example,",
        "On b.example, shop.example a script",
        "After 5 hours",
        "Until 8 hours",
        "only for recipients who have agreed",
        "Do Not Track, we record nothing.",
    ):
        assert told in text


def test_the_text_of_the_defaults(tmp_path: Path) -> None:
    text = text_of(tmp_path, '[tracking]\ndomain = "https://links.example.com:8443"')
    assert "by way of links.example.com," in text
    assert "script" not in text
    assert "those whom we have not asked." in text
    assert "in which hour" in text
    assert "{" not in text


def test_where_domains_differ_the_text_promises_the_least(tmp_path: Path) -> None:
    domains = '[[domain]]\nhost = "a.example"\nopted_out = "none"\n[[domain]]\nhost = "b.example"'
    (tmp_path / "domains.toml").write_text(domains)
    assert "in which hour" in text_of(tmp_path, '[tracking]\ndomains_file = "domains.toml"')
    (tmp_path / "domains.toml").write_text(domains + '\nopted_out = "none"')
    assert "in which hour" not in text_of(tmp_path, '[tracking]\ndomains_file = "domains.toml"')


def test_the_text_in_german(tmp_path: Path) -> None:
    text = text_of(tmp_path, "", "--language", "de")
    assert text.startswith("Links in unseren E-Mails führen über 127.0.0.1")
    assert "{" not in text


def test_languages_say_the_same() -> None:
    sentences = tomllib.loads((resources.files("clicktrail.cli") / "privacy.toml").read_text("utf-8"))
    for name, english in sentences["en"].items():
        for known in sentences.values():
            assert english.count("{") == known[name].count("{")
    assert {tuple(sentences["en"])} == {tuple(known) for known in sentences.values()}


def test_another_language_is_wrong_usage(tmp_path: Path) -> None:
    assert 2 == run_clicktrail("privacy-text", "--language", "fr", folder=tmp_path).returncode
