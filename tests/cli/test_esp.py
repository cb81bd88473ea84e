import asyncio
import re
from pathlib import Path

import pytest

from clicktrail.model.stored import LinkSet
from clicktrail.server import keystore
from clicktrail.server.settings import load
from clicktrail.server.wiring.registry_reader import read_registry
from clicktrail.tokens import open_campaign
from tests.cli.running import clicktrail

HTML = """<p>Hi {{first_name}} <a href="https://shop.example/a">A</a>
<a href="https://shop.example/b" data-clicktrail-group="tiles">B</a> <a href="{{unsubscribe}}">Bye</a>"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with settings, a key ring and a template."""
    (tmp_path / "clicktrail.toml").write_text('[tracking]\ndomain = "https://links.shop.example"\n', "utf-8")
    keystore.load_or_create(tmp_path / "clicktrail-data" / keystore.NAME, traces=[])
    (tmp_path / "mail.html").write_text(HTML, "utf-8")
    return tmp_path


def kept(folder: Path, number: int) -> LinkSet | None:
    """A link set in the folder's registry."""

    async def find() -> LinkSet | None:
        async with read_registry(load(folder / "clicktrail.toml", {})) as registry:
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
def test_a_template_for_each_esp(folder: Path, esp: str, tag: str) -> None:
    """The links end with its merge tag; where they lead stands in the registry, and nothing else has changed."""
    done = clicktrail("rewrite", "mail.html", "--esp", esp, "--campaign", "spring", "-o", "out.html", folder=folder)

    assert 0 == done.returncode, done.stderr
    out = (folder / "out.html").read_text("utf-8")
    tokens = re.findall(rf"https://links\.shop\.example/([\w-]+)/{re.escape(tag)}\"", out)
    ring = keystore.load(folder / "clicktrail-data" / keystore.NAME)
    opened = [open_campaign(ring, token) for token in tokens]
    assert [0, 1] == [position for _, position in opened]
    assert {("", "")} == {(sealed.message_id, sealed.recipient) for sealed, _ in opened}
    link_set = kept(folder, opened[0][0].link_set)
    assert link_set is not None
    assert "spring" == link_set.campaign
    assert [(0, "https://shop.example/a", ""), (1, "https://shop.example/b", "tiles")] == [
        (link.position, link.destination, link.group) for link in link_set.links
    ]
    urls = iter(["https://shop.example/a", "https://shop.example/b"])
    assert HTML == re.sub(rf"https://links\.shop\.example/[\w-]+/{re.escape(tag)}", lambda _: next(urls), out)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["mail.html", "--esp", "mailchimp"], "there is no ESP 'mailchimp'"),
        (["mail.eml", "--esp", "sendgrid"], "a message is no template"),
        (["mail.html", "--esp", "sendgrid", "--policy", "asked.toml"], "a template names its recipients"),
        (["mail.html", "--esp", "sendgrid", "--config", "other.toml"], "a template needs the key ring"),
    ],
)
def test_what_can_be_no_template(folder: Path, arguments: list[str], error: str) -> None:
    """One line says why, and nothing is kept."""
    (folder / "mail.eml").write_text(f"Content-Type: text/html\n\n{HTML}", "utf-8")
    (folder / "asked.toml").write_text('unknown_consent = "anonymous"\n', "utf-8")
    (folder / "other.toml").write_text('data_dir = "elsewhere"\n', "utf-8")
    done = clicktrail("rewrite", *arguments, folder=folder)
    assert (1, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith(f"clicktrail: error: {error}")
    assert not (folder / "clicktrail-data" / "registry.sqlite3").exists()


def test_inspect_shows_what_is_not_sealed(folder: Path) -> None:
    """The id behind the token is told apart from what only the key ring can write."""
    done = clicktrail("rewrite", "mail.html", "--esp", "mailgun", folder=folder)
    url = re.findall(r'https://links[^"]+', done.stdout)[0].replace("%recipient.id%", "p%2D17")
    shown = clicktrail("inspect", url, folder=folder)
    assert "link_set           1\n" in shown.stdout
    assert "recipient          p-17\nrecipient_unsealed True\n" in shown.stdout
